import { describe, expect, it } from 'vitest';
import { send } from '../http/in-process-client.ts';
import { newServer } from '../http/new-server.ts';

const inside = { actions: ['models:read'], models: ['*'], networks: ['10.0.0.0/8'] };
const FORGED = [
  { 'x-forwarded-for': '10.0.0.1' },
  { 'x-forwarded-for': '10.0.0.1, 127.0.0.1' },
  { 'x-real-ip': '10.0.0.1' },
  { forwarded: 'for=10.0.0.1' },
  { 'x-client-ip': '10.0.0.1', 'true-client-ip': '10.0.0.1', 'cf-connecting-ip': '10.0.0.1' },
];

describe('a token that is bound to a network (X-Forwarded-For that anybody may send)', () => {
  it.each(FORGED)('does not work from elsewhere for who sends %j', async (headers) => {
    const server = await newServer();
    const token = await server.issue(inside);
    expect((await send(server.app, { path: '/v1/models', token, headers })).status).toBe(403);
  });

  it('works from where the trusted proxy says that the request comes, and not from what stands before that', async () => {
    const server = await newServer({ app: { trustedProxies: ['127.0.0.1'] } });
    const token = await server.issue(inside);
    const statusFrom = async (forwarded: string) =>
      (await send(server.app, { path: '/v1/models', token, headers: { 'x-forwarded-for': forwarded } })).status;
    expect(await statusFrom('10.0.0.1')).toBe(200);
    expect(await statusFrom('198.51.100.7, 10.0.0.1')).toBe(200);
    expect(await statusFrom('10.0.0.1, 198.51.100.7')).toBe(403);
    expect(await statusFrom('10.0.0.1, unknown')).toBe(403);
  });
});
