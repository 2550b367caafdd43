import { describe, expect, it } from 'vitest';
import { ServerError } from '../../../src/contracts/server-error.ts';
import { conversation } from '../../../src/http/bodies.ts';
import { json } from '../../../src/http/reply.ts';
import { guardedBy } from '../../../src/http/step.ts';
import { readBody } from '../../../src/http/steps/read-body.ts';
import { appOf } from '../app-of.ts';
import { type Call, send } from '../in-process-client.ts';

const LIMIT = 100;
const { bounds } = conversation(LIMIT);
const read = readBody({ type: 'json', bytes: LIMIT, bounds });
const app = appOf(async ({ body }) => json({ read: body }), { steps: [guardedBy(read)] });
const post = (body: unknown, headers: NonNullable<Call['headers']> = {}) =>
  send(app, { method: 'POST', body, headers });

describe('a JSON body', () => {
  it.each([{ a: 'ü\u{1F600}' }, [1], 'text', null, 5])('reads %j', async (value) => {
    expect((await post(JSON.stringify(value))).json()).toEqual({ read: value });
  });

  it.each([
    ['is no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'not valid UTF-8'],
    ['has half a character', new Uint8Array([0x22, 0xf0, 0x9f, 0x22]), 'not valid UTF-8'],
    ['is UTF-16', new Uint8Array([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]), 'not valid UTF-8'],
    ['says something twice', '{"a":{"b":1,"b":2}}', "'a.b' appears twice"],
    ['has a number that none is', '[1e999]', 'beyond the range of numbers'],
    ['is no JSON', '{"a":1,}', 'not valid JSON'],
  ])('that %s is refused, and says so', async (_, body, message) => {
    const answer = await post(body, { 'content-type': 'application/json' });
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ error: { message: expect.stringContaining(message) } });
  });

  it.each(['application/json; charset=utf-8', 'application/problem+json'])('takes %s for JSON', async (type) => {
    expect((await post('{}', { 'content-type': type })).status).toBe(200);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain; application/json',
    '',
  ])('refuses %j, which a web page can send without asking', async (type) => {
    const answer = await post('{}', { 'content-type': type });
    expect(answer.status).toBe(415);
    expect(answer.json()).toMatchObject({ error: { code: 'unsupported_media_type', param: 'Content-Type' } });
  });

  it('refuses a compressed body, and says so', async () => {
    const answer = await post('{}', { 'content-encoding': 'gzip' });
    expect(answer.status).toBe(415);
    expect(answer.json()).toMatchObject({
      error: { param: 'Content-Encoding', message: expect.stringContaining('compressed') },
    });
    expect((await post('{}', { 'content-encoding': 'identity' })).status).toBe(200);
  });

  it('refuses a request without a body', async () => {
    expect((await post('', { 'content-length': '0' })).status).toBe(400);
  });

  it.each([' ', '{', '{"a":1}x', "{'a':1}", 'undefined', '\u0000'])(
    'refuses %j, and repeats nothing of it',
    async (text) => {
      const answer = await post(text);
      expect(answer.status).toBe(400);
      expect(answer.json()).toEqual({
        error: {
          type: 'invalid_request',
          message: 'The body is not valid JSON.',
          code: 'invalid_value',
          param: 'body',
        },
      });
    },
  );

  it('takes a body up to the limit, and refuses one byte more', async () => {
    const exact = `"${'x'.repeat(LIMIT - 2)}"`;
    expect((await post(exact)).status).toBe(200);
    const answer = await post(`${exact} `);
    expect(answer.status).toBe(413);
    expect(answer.json()).toMatchObject({ error: { code: 'payload_too_large', param: 'body' } });
    expect(answer.headers.connection).toBe('close');
  });

  it('counts bytes, also when nobody says how many come', async () => {
    const answer = await post(`"${'ü'.repeat(LIMIT / 2)}"`, { 'transfer-encoding': 'chunked' });
    expect(answer.status).toBe(413);
  });
});

describe('a body of which half has come', () => {
  it('is not waited for when the server stops', async () => {
    const stopping = new AbortController();
    const stopped = new ServerError('SHUTTING_DOWN', 'The server is shutting down.');
    const isRead = Promise.withResolvers<void>();
    const waiting = appOf(
      async (context) => {
        const body = read(context);
        isRead.resolve();
        await body;
        return { status: 200 };
      },
      { stopping: stopping.signal },
    );
    const half = send(waiting, { method: 'POST', body: '{', headers: { 'content-length': '50' } });
    await isRead.promise;
    stopping.abort(stopped);
    expect(await half).toMatchObject({ status: 503, headers: { connection: 'close' } });
  });
});
