import { callsTool, says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { send } from './in-process-client.ts';
import { newServer } from './new-server.ts';

describe('the log', () => {
  it('holds no token, prompt, argument, answer or header, whatever a request does, down to `trace`', async () => {
    const server = await newServer({
      turns: [
        callsTool('echo', { text: 'CANARYARGUMENT' }),
        says('CANARYANSWER'),
        callsTool('CANARYTOOL', { a: 'CANARYARGUMENT' }),
        says('CANARYANSWER'),
      ],
    });
    const grant = { actions: ['*'], models: ['*'], mcp: { '*': { tools: { '*': {} } } } };
    const token = await server.issue(grant);
    const chat = { model: 'ibm/granite', input: 'CANARYPROMPT', integrations: ['mcp/a'] };
    const post = (path: string, body: unknown, as = token) =>
      send(server.app, { method: 'POST', path, token: as, body, headers: { 'x-other': 'CANARYHEADER' } });
    const made = await post('/api/v1/tokens', { name: 'x', grant: { actions: ['chat'] } });
    const answers = [
      made,
      await post('/api/v1/chat?key=CANARYQUERY', chat),
      await post('/api/v1/chat', { ...chat, stream: true }),
      await post('/api/v1/chat', { ...chat, temperature: 'CANARYARGUMENT' }),
      await post('/api/v1/chat', '{"input": "CANARYPROMPT'),
      await post(
        '/v1/chat/completions',
        { model: 'x/y', messages: [{ role: 'user', content: 'CANARYPROMPT' }] },
        made.json().token as string,
      ),
      await post('/api/v1/chat', chat, `${token.slice(0, -4)}AAAA`),
      await send(server.app, { path: '/api/v1/whoami', headers: { authorization: token } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 200, 400, 400, 403, 401, 401]);
    const log = server.log.join('');
    expect(log).toContain('"path":"/api/v1/chat"');
    for (const secret of [token, made.json().token as string]) {
      expect(log).not.toContain(secret);
      expect(log).not.toContain(secret.split(':')[1]);
    }
    expect(log).not.toContain('CANARY');
  });

  it('names the token of a request by its public id', async () => {
    const server = await newServer();
    const token = await server.issue({ actions: [] });
    const answer = await send(server.app, { path: '/api/v1/whoami', token });
    expect(server.log.join('')).toContain(`"token":"${answer.json().id}"`);
  });
});

describe('an answer', () => {
  it('repeats no token that was refused', async () => {
    const { app } = await newServer();
    for (const token of ['sk-lm-CANARY00:CANARYCANARYCANARY00', 'CANARY', 'CANARY CANARY', 'CANARY'.repeat(2000)]) {
      const answer = await send(app, { path: '/v1/models', token });
      expect(answer.text + JSON.stringify(answer.headers)).not.toContain('CANARY');
      expect([401, 431]).toContain(answer.status);
    }
  });
});
