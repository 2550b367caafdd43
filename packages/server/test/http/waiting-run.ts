import type { ToolRule, ToolRules } from '@latchkey/auth-core';
import type { Grant } from '@latchkey/auth-core/llm';
import { callsTool, says } from '@latchkey/engine/testing';
import { expect } from 'vitest';
import { type Answer, type Call, type OpenAnswer, open, send } from './in-process-client.ts';
import { newServer, type TestServer, type TestServerOptions } from './new-server.ts';

export const PATH = '/api/v1/approvals';
const ASK: ToolRule = { approval: 'ask', arguments: { text: { maxLength: 8 } } };
export const AGENT: Grant = { actions: ['chat'], models: ['*'], mcp: { 'mcp/a': { tools: { echo: ASK, fail: {} } } } };
export const tools = (rules: ToolRules[string]['tools']): ToolRules => ({ 'mcp/a': { tools: rules } });
export const DECIDER: Grant = { actions: ['approvals:decide'], mcp: tools({ '*': {} }) };

/** A chat whose only tool call waits for a person. */
export interface Run {
  readonly server: TestServer;
  /** Of the run. */
  readonly agent: string;
  readonly stream: OpenAnswer;
  readonly id: string;
  /** From which the call can be taken up. */
  readonly responseId: string | undefined;
  /** Ends the connection, and resolves once the server knows. */
  leave(): Promise<void>;
  /** All events of the stream, once it has ended. */
  end(): Promise<readonly Record<string, unknown>[]>;
}

export const chat = (token: string, more: object = {}): Call => ({
  method: 'POST',
  path: '/api/v1/chat',
  token,
  body: { model: 'ibm/granite', input: 'Go', integrations: ['mcp/a'], ...more },
});

/** The events of a stream. */
export const eventsOf = (text: string): readonly Record<string, unknown>[] =>
  [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data));

interface WaitingOptions {
  readonly grant?: Grant;
  readonly project?: string;
  readonly more?: object;
  /** The run has the token that this makes of the issued one. */
  readonly derive?: (server: TestServer, issued: string) => Promise<string>;
}

/** A streamed chat whose model calls `echo` once, as soon as the call waits for a person. */
export async function waits(
  options: TestServerOptions = {},
  { grant = AGENT, project, more, derive }: WaitingOptions = {},
): Promise<Run> {
  const server = await newServer({ turns: [callsTool('echo', { text: 'one' }), says('Done')], ...options });
  const input = { name: 'agent', grant, ...(project === undefined ? {} : { project }) };
  const issued = (await server.auth.issue(input, server.auth.operator())).token;
  const agent = derive === undefined ? issued : await derive(server, issued);
  const stream = await open(server.app, chat(agent, { stream: true, ...more }));
  const text = await stream.received('"type":"tool_call.approval_required"');
  const event = eventsOf(text).find(({ type }) => type === 'tool_call.approval_required');
  return {
    server,
    agent,
    stream,
    id: String(event?.approval_id),
    responseId: event?.response_id as string | undefined,
    leave: async () => {
      stream.leave();
      await expect.poll(() => server.log.join('')).toContain('"aborted":true');
    },
    end: async () => eventsOf(await stream.received('"chat.end"')),
  };
}

export const answer = ({ app }: TestServer, token: string, id: string, body: unknown): Promise<Answer> =>
  send(app, { method: 'POST', path: `${PATH}/${id}`, token, body });
/** What waits, as somebody sees it. */
export const waiting = async ({ app }: TestServer, token: string): Promise<readonly Record<string, unknown>[]> =>
  (await send(app, { path: PATH, token })).json().approvals as readonly Record<string, unknown>[];
/** The entries of the audit log whose type is like that. */
export const entriesOf = async ({ audit }: TestServer, pattern: RegExp) =>
  (await audit.list({ limit: 1000 })).filter(({ type }) => pattern.test(type));
