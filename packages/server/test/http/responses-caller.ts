import type { Turn } from '@latchkey/engine/testing';
import { expect } from 'vitest';
import { type Call, send } from './in-process-client.ts';
import { newServer } from './new-server.ts';

export const CHAT = { actions: ['chat', 'models:read'], models: ['*'], mcp: { 'mcp/a': { tools: { echo: {} } } } };
export type Json = Record<string, unknown>;

/** A server whose model plays `turns`, and a caller of its `/v1/responses`. */
export async function open(...turns: readonly Turn[]) {
  const server = await newServer({ turns });
  const token = await server.issue(CHAT);
  const ask = (request: Partial<Call>) =>
    send(server.app, { method: 'POST', path: '/v1/responses', token, ...request });
  const post = (body: Json) => ask({ body: { model: 'small', input: 'Hi', ...body } });
  const get = (path: string) => ask({ method: 'GET', path: `/v1/responses/${path}` });
  const stream = async (body: Json) => readEvents((await post({ ...body, stream: true })).text);
  return { ...server, ask, post, get, stream, prompts: () => server.engine.requests.map(({ messages }) => messages) };
}

/** The events of a stream: named by their types, and numbered from 0. */
function readEvents(text: string): readonly Json[] {
  return text
    .trimEnd()
    .split('\n\n')
    .map((frame, index) => {
      const [, name, data = ''] = /^event: (\S+)\ndata: (.*)$/.exec(frame) ?? [];
      const payload = JSON.parse(data) as Json;
      expect([payload.type, payload.sequence_number]).toEqual([name, index]);
      return payload;
    });
}
export const typesOf = (events: readonly Json[]) => events.map(({ type }) => String(type).replace('response.', ''));
