import { talksUntilAborted } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { send } from './in-process-client.ts';
import { newServer } from './new-server.ts';

/** Two requests run on a test server's model, and eight wait. */
const ROOM = 10;

describe('a request that finds the queue of its model full', () => {
  it.each([
    ['/api/v1/chat', { input: 'Hi' }, true],
    ['/api/v1/chat', { input: 'Hi' }, false],
    ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Hi' }] }, true],
    ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Hi' }] }, false],
  ])('is a 503 that says when to come again: %s, %j, streamed: %s', async (path, words, stream) => {
    const server = await newServer({ turns: Array.from({ length: ROOM }, () => talksUntilAborted) });
    const token = await server.issue({ actions: ['chat'], models: ['*'] });
    const body = { model: 'ibm/granite', ...words, stream };
    const all = Array.from({ length: ROOM + 1 }, () => send(server.app, { method: 'POST', path, token, body }));
    const refused = await Promise.race(all);
    expect([refused.status, refused.json()]).toMatchObject([503, { error: { code: 'overloaded' } }]);
    // A queue in which nothing has ended yet takes a second for each request: nine of them, two at a time.
    expect(refused.headers['retry-after']).toBe('5');
    server.stop.abort();
    await Promise.all(all);
  });

  it.each([
    ['/v1/messages/count_tokens', { messages: [{ role: 'user', content: 'Hi' }] }],
    ['/v1/responses/input_tokens', { input: 'Hi' }],
  ])('is one as well when it only counts: %s', async (path, words) => {
    const server = await newServer();
    let counting = 0;
    server.engine.countPrompt = () => {
      counting += 1;
      return new Promise(() => {});
    };
    const token = await server.issue({ actions: ['chat'], models: ['*'] });
    const call = { method: 'POST', path, token, body: { model: 'ibm/granite', ...words } };
    const all = Array.from({ length: ROOM + 1 }, () => send(server.app, call));
    const refused = await Promise.race(all);
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5']);
    expect(refused.text).toContain('overloaded');
    expect(counting).toBe(2);
    server.stop.abort();
    await Promise.all(all);
  });
});
