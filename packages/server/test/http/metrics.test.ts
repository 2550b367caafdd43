import { says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { send } from './in-process-client.ts';
import { newServer, type TestServer } from './new-server.ts';

const CHAT = { method: 'POST', path: '/api/v1/chat', body: { model: 'ibm/granite', input: 'Hi' } };
const METRICS = { method: 'GET', path: '/metrics' };

async function scrape(server: TestServer): Promise<{ readonly lines: readonly string[]; readonly type: unknown }> {
  const token = await server.issue({ actions: ['metrics:read'] });
  const { status, headers, text } = await send(server.app, { ...METRICS, token });
  expect(status).toBe(200);
  return { lines: text.split('\n').filter((line) => !line.startsWith('#')), type: headers['content-type'] };
}

describe('GET /metrics', () => {
  it('counts requests by route, and what models have used', async () => {
    const server = await newServer({ turns: [says('Hello')] });
    const token = await server.issue({ actions: ['chat'], models: ['*'] });
    await send(server.app, { ...CHAT, token });
    const { lines, type } = await scrape(server);
    expect(type).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(lines).toEqual(
      expect.arrayContaining([
        'latchkey_requests_total{method="POST",route="/api/v1/chat",status="200"} 1',
        'latchkey_chat_requests_total{model="ibm/granite"} 1',
        'latchkey_tokens_total{model="ibm/granite",direction="input"} 5',
        'latchkey_tokens_total{model="ibm/granite",direction="output"} 2',
        'latchkey_queue_seconds_count{model="ibm/granite"} 1',
        'latchkey_first_token_seconds_count{model="ibm/granite"} 1',
        'latchkey_turn_seconds_count{model="ibm/granite"} 1',
        expect.stringMatching(/^latchkey_models_loaded\{model="ibm\/granite",device="\w+"\} 1$/),
      ]),
    );
  });

  it('needs the action metrics:read, also for everything else that a token may do', async () => {
    const server = await newServer();
    const token = await server.issue({ actions: ['usage:read', 'audit:read', 'models:read'], models: ['*'] });
    expect((await send(server.app, { ...METRICS, token })).status).toBe(403);
    expect((await send(server.app, METRICS)).status).toBe(401);
  });

  it('has a label for nothing that callers make up', async () => {
    const server = await newServer();
    const token = await server.issue({ actions: ['models:read'], models: ['*'] });
    for (const path of ['/made-up', '/v1/models/made-up', '/api/v1/tokens/made-up']) {
      await send(server.app, { method: 'GET', path, token });
    }
    const { lines } = await scrape(server);
    expect(lines.join('\n')).not.toContain('made-up');
  });
});
