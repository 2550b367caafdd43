import { describe, expect, it } from 'vitest';
import { type Call, send } from './in-process-client.ts';
import { newServer } from './new-server.ts';

describe('a caller whom nobody knows yet', () => {
  const long = 'x'.repeat(70_000);

  it.each([
    ['/oauth/token', 'application/x-www-form-urlencoded', `token=${long}`],
    ['/oauth/revoke', 'application/x-www-form-urlencoded', `token=${long}`],
    ['/api/token/refresh', 'application/json', JSON.stringify({ refresh: long })],
  ])('sends %s no more than a token needs, whatever a chat may send', async (path, type, body) => {
    const server = await newServer({ chatBodyBytes: 1_000_000 });
    const answer = await send(server.app, { method: 'POST', path, body, headers: { 'content-type': type } });
    expect(answer.status).toBe(413);
  });
});

describe('an answer', () => {
  it.each(['/health', '/api/v1/whoami', '/api/v1/tokens', '/nothing'])('of %s is kept by no cache', async (path) => {
    const server = await newServer();
    const token = await server.issue({ actions: ['tokens:read'] });
    expect((await send(server.app, { path, token })).headers['cache-control']).toBe('no-store');
    expect((await send(server.app, { path })).headers['cache-control']).toBe('no-store');
  });

  it.each([
    ['GET', '/health'],
    ['GET', '/.well-known/jwks.json'],
    ['GET', '/api/v1/whoami'],
    ['PUT', '/api/v1/tokens'],
    ['GET', '/nothing'],
  ])('to %s %s is what its type says, and is embedded by no page of another origin', async (method, path) => {
    const server = await newServer();
    const token = await server.issue({ actions: ['tokens:read'] });
    const foreign = [{ host: 'foreign.example' }, { origin: 'https://foreign.example' }];
    const calls: readonly Call[] = [{ token }, {}, ...foreign.map((headers): Call => ({ headers }))];
    for (const asked of calls) {
      expect((await send(server.app, { method, path, ...asked })).headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-origin',
      });
    }
  });

  it('of the key set is, for a while', async () => {
    const { headers } = await send((await newServer()).app, { path: '/.well-known/jwks.json' });
    expect(headers['cache-control']).toBe('public, max-age=300');
  });

  it('to a method that a path does not take says which it takes', async () => {
    const { status, headers, text } = await send((await newServer()).app, { method: 'PUT', path: '/api/v1/tokens' });
    expect([status, headers.allow]).toEqual([405, 'HEAD, GET, POST']);
    expect(text).toContain('/api/v1/tokens takes HEAD, GET, POST, and not PUT.');
  });

  it('to a refresh token that will not do, which is a 400 of Label Studio, asks for no other token', async () => {
    const server = await newServer();
    const token = await server.issue({ actions: ['tokens:write'] });
    const body = { refresh: 'nope' };
    const { status, headers } = await send(server.app, { method: 'POST', path: '/api/token/rotate', token, body });
    expect([status, headers['www-authenticate']]).toEqual([400, undefined]);
  });

  it('to a rotation with an overlap that is none says what may be given', async () => {
    const server = await newServer();
    const token = await server.issue({ actions: ['tokens:write'] });
    const path = '/api/v1/tokens/none/rotate';
    const { text } = await send(server.app, { method: 'POST', path, token, body: { overlap: 'soon' } });
    expect(text).toContain("expected 'until-first-use', a whole number of seconds");
  });
});
