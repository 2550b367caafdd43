import { describe, expect, it } from 'vitest';
import type { Reply } from '../src/http/reply.ts';
import { events, json } from '../src/http/reply.ts';
import { appOf } from './http/app-of.ts';
import { open, send } from './http/in-process-client.ts';

const give = (reply: Reply, method = 'GET') =>
  send(
    appOf(async () => reply),
    { method },
  );
const streamOf = async function* () {
  yield 'a';
  yield new Uint8Array([0x62]);
};

describe('a reply over HTTP', () => {
  it.each([
    ['JSON', json({ a: 1 }, 201), 201, '{"a":1}', 'application/json; charset=utf-8'],
    ['a text', { status: 200, headers: { 'Content-Type': 'text/csv' }, body: { text: 'a,b' } }, 200, 'a,b', 'text/csv'],
    [
      'a stream',
      { status: 202, headers: { 'Content-Type': 'text/x' }, body: { stream: streamOf() } },
      202,
      'ab',
      'text/x',
    ],
    ['nothing', { status: 202 }, 202, '', undefined],
    ['nothing that is asked for', { status: 204 }, 204, '', undefined],
  ] as const)('may be %s', async (_, reply, status, text, type) => {
    const answer = await give(reply);
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([status, text, type]);
  });

  it('to HEAD says how long it is, and is not sent', async () => {
    const answer = await give(json({ a: 1 }), 'HEAD');
    expect([answer.status, answer.text, answer.headers['content-length']]).toEqual([200, '', '7']);
  });

  it('of events begins before its first event', async () => {
    const first = Promise.withResolvers<string>();
    const frames = async function* () {
      yield await first.promise;
    };
    const answer = await open(
      appOf(async () => events(frames())),
      {},
    );
    expect(answer.status).toBe(200);
    first.resolve('data: 1\n\n');
    expect(await answer.received('data: 1')).toContain('data: 1');
  });

  it('has each line of a header that has more than one', async () => {
    const answer = await give({ status: 401, headers: { 'WWW-Authenticate': ['Bearer', 'Basic'] } });
    expect(answer.headers['www-authenticate']).toBe('Bearer, Basic');
  });
});
