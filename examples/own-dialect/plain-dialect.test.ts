import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CreateServerOptions, createServer, defineConfig, type Server } from '@latchkey/server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createEchoEngine } from '../own-engine/echo-engine.ts';
import { plainDialect } from './plain-dialect.ts';

/** The option of the server that serves the API. */
const ROW = { path: '/plain/chat', dialect: plainDialect };

async function serve(dialects: CreateServerOptions['dialects'] = [ROW]): Promise<Server> {
  const data = mkdtempSync(join(tmpdir(), 'latchkey-own-dialect-'));
  onTestFinished(() => rmSync(data, { recursive: true }));
  const config = defineConfig({ data, models: join(data, 'models'), port: 0, log: 'silent' });
  return createServer(config, { engines: [createEchoEngine()], dialects: dialects ?? [] });
}

async function ask({ url, auth }: Server, body: object, models: readonly string[] = ['*'], path = ROW.path) {
  const { token } = await auth.issue({ name: 'caller', grant: { actions: ['chat'], models } }, auth.operator());
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

describe('a chat API in one folder', () => {
  it('is served with its own words', async () => {
    await using server = await serve();
    const answer = await ask(server, { model: 'example/echo', text: 'Who is there?' });
    expect(answer).toEqual({ status: 200, text: '{"text":"Who is there?"}' });
  });

  it('streams as server-sent events', async () => {
    await using server = await serve();
    const { text } = await ask(server, { model: 'example/echo', text: 'Hi', stream: true });
    expect(text).toBe('data: {"text":"H"}\n\ndata: {"text":"i"}\n\nevent: end\ndata: {}\n\n');
  });

  it('is behind the same lock, and refuses in its own words', async () => {
    await using server = await serve();
    const body = { model: 'example/echo', text: 'Hi' };
    const denied = await ask(server, body, ['other/*']);
    expect([denied.status, JSON.parse(denied.text)]).toMatchObject([403, { code: 'permission_denied' }]);
    const stranger = await fetch(server.url + ROW.path, { method: 'POST', body: JSON.stringify(body) });
    expect([stranger.status, await stranger.json()]).toMatchObject([401, { code: 'invalid_api_key' }]);
  });

  it('names its own fields', async () => {
    await using server = await serve();
    const incomplete = await ask(server, { model: 'example/echo' });
    expect(JSON.parse(incomplete.text)).toMatchObject({ code: 'missing_required_parameter', field: 'text' });
    const unknown = await ask(server, { model: 'example/none', text: 'Hi' });
    expect([unknown.status, JSON.parse(unknown.text)]).toMatchObject([404, { field: 'model' }]);
  });

  it.each(['/api/v1/chat', '/plain/:id', 'plain', '/plain/', '/plain chat', '/plain/%41'])(
    'is not served at %j, which is taken or no plain path',
    async (path) => {
      await expect(serve([{ path, dialect: plainDialect }])).rejects.toMatchObject({
        code: 'INVALID_REQUEST',
        param: 'dialects',
      });
    },
  );

  it('is not served at a path that another one has', async () => {
    await expect(serve([ROW, ROW])).rejects.toMatchObject({ param: 'dialects' });
  });
});
