import { finish, message, progress, says, type Turn, talksUntilAborted } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { type Call, open as openStream, send } from '../in-process-client.ts';
import { newServer } from '../new-server.ts';

const CHAT = { actions: ['chat'], models: ['*'] };
type Json = Record<string, unknown>;

async function open(...turns: readonly Turn[]) {
  const server = await newServer({ turns });
  const token = await server.issue({ ...CHAT, limits: { concurrentRequests: 1 } });
  const ask = (call: Partial<Call>) => send(server.app, { method: 'POST', path: '/v1/responses', token, ...call });
  const body = { model: 'small', input: 'Hi', background: true };
  const get = (path: string, more: Partial<Call> = {}) =>
    ask({ method: 'GET', path: `/v1/responses/${path}`, ...more });
  const begin = async (more: Json = {}) => (await ask({ body: { ...body, ...more } })).json();
  return { ...server, token, ask, get, begin, body };
}

/** A turn that says one thing, and the other once it may go on. */
function twoSteps() {
  const gate = Promise.withResolvers<void>();
  const turn: Turn = async function* () {
    yield progress();
    yield message('Once');
    await gate.promise;
    yield message(' more');
    yield finish();
  };
  return { turn, goOn: gate.resolve };
}

const numbersOf = (text: string) => [...text.matchAll(/"sequence_number":(\d+)/g)].map(([, number]) => Number(number));

describe('a response in the background', () => {
  it('is there at once, goes on without its caller, and is read when it has ended', async () => {
    const { turn, goOn } = twoSteps();
    const { begin, app, token } = await open(turn);
    const begun = await begin();
    expect(begun).toMatchObject({ status: 'in_progress', background: true, output: [] });
    goOn();
    const read = async () => {
      const answer = await send(app, { path: `/v1/responses/${begun.id}`, token });
      return answer.status === 429 ? 'its place is taken' : answer.json();
    };
    await expect
      .poll(read)
      .toMatchObject({ id: begun.id, status: 'completed', output: [{ content: [{ text: 'Once more' }] }] });
  });

  it('holds its place among the requests of its token until it has ended', async () => {
    const { turn, goOn } = twoSteps();
    const { begin, get } = await open(turn);
    const { id } = await begin();
    expect((await get(String(id))).json()).toMatchObject({ error: { code: 'concurrent_requests_exceeded' } });
    goOn();
    await expect.poll(async () => (await get(String(id))).status).toBe(200);
  });

  it('is streamed again from the event after the last one that was read', async () => {
    const { turn, goOn } = twoSteps();
    const { app, issue, body } = await open(turn);
    const token = await issue(CHAT);
    const first = await openStream(app, {
      method: 'POST',
      path: '/v1/responses',
      token,
      body: { ...body, stream: true },
    });
    const begun = await first.received('"delta":"Once"');
    first.leave();
    const last = Math.max(...numbersOf(begun));
    const [, id] = /"id":"(resp_\w+)"/.exec(begun) ?? [];
    const again = await openStream(app, { path: `/v1/responses/${id}?stream=true&starting_after=${last}`, token });
    goOn();
    const rest = await again.received('response.completed');
    const numbers = numbersOf(rest);
    expect(numbers).toEqual(numbers.map((_, index) => last + 1 + index));
    expect(rest).toContain('"delta":" more"');
    const whole = await send(app, { path: `/v1/responses/${id}?stream=true`, token });
    expect(numbersOf(whole.text)).toEqual([...Array(last + 1).keys(), ...numbers]);
  });

  it('is ended by its caller', async () => {
    const { app, issue, body } = await open(talksUntilAborted);
    const token = await issue(CHAT);
    const ask = (call: Partial<Call>) => send(app, { token, ...call });
    const { id } = (await ask({ method: 'POST', path: '/v1/responses', body })).json();
    const cancel = { method: 'POST', path: `/v1/responses/${id}/cancel` };
    const cancelled = { id, status: 'cancelled' };
    expect((await ask(cancel)).json()).toMatchObject(cancelled);
    expect((await ask(cancel)).json()).toMatchObject(cancelled);
    expect((await ask({ path: `/v1/responses/${id}` })).json()).toMatchObject(cancelled);
  });

  it('ends with its token', async () => {
    const ended = Promise.withResolvers<void>();
    const turn: Turn = async function* (request, signal) {
      yield* talksUntilAborted(request, signal);
      ended.resolve();
    };
    const { app, issue, auth, body } = await open(turn);
    const token = await issue(CHAT);
    await (
      await openStream(app, { method: 'POST', path: '/v1/responses', token, body: { ...body, stream: true } })
    ).received('and ');
    await auth.revoke((await auth.verify(token)).tokenId, auth.operator());
    await ended.promise;
  });

  it('is found by its own caller alone', async () => {
    const { app, issue, body } = await open(talksUntilAborted);
    const [token, stranger] = [await issue(CHAT), await issue(CHAT)];
    const { id } = (await send(app, { method: 'POST', path: '/v1/responses', token, body })).json();
    for (const call of [{ path: `/v1/responses/${id}` }, { method: 'POST', path: `/v1/responses/${id}/cancel` }]) {
      expect((await send(app, { token: stranger, ...call })).status).toBe(404);
    }
    expect((await send(app, { method: 'DELETE', path: `/v1/responses/${id}`, token })).status).toBe(200);
    expect((await send(app, { path: `/v1/responses/${id}`, token })).status).toBe(404);
  });

  it.each([
    ['itself, in another API', (id: string) => ({ path: `/api/v1/responses/${id}` })],
    ['with the response that it goes on from', (_: string, before: string) => ({ path: `/v1/responses/${before}` })],
  ])('is not there any more once it is deleted: %s', async (_, callOf) => {
    const { app, issue } = await open(says('Before'), talksUntilAborted);
    const token = await issue(CHAT);
    const ask = (call: Partial<Call>) => send(app, { token, ...call });
    const post = async (more: Json) =>
      (await ask({ method: 'POST', path: '/v1/responses', body: { model: 'small', input: 'Hi', ...more } })).json();
    const before = await post({});
    const { id } = await post({ background: true, previous_response_id: before.id });
    const read = async () => JSON.stringify((await ask({ path: `/v1/responses/${id}` })).json());
    await expect.poll(read).toContain('msg_');
    expect((await ask({ method: 'DELETE', ...callOf(String(id), String(before.id)) })).status).toBe(200);
    for (const call of [
      { path: `/v1/responses/${id}` },
      { path: `/v1/responses/${id}?stream=true` },
      { method: 'POST', path: `/v1/responses/${id}/cancel` },
    ]) {
      expect((await ask(call)).status).toBe(404);
    }
  });

  it('is ended when it is deleted, in whatever API', async () => {
    for (const api of ['/v1', '/api/v1']) {
      const ended = Promise.withResolvers<void>();
      const turn: Turn = async function* (request, signal) {
        yield* talksUntilAborted(request, signal);
        ended.resolve();
      };
      const { app, issue, body } = await open(turn);
      const token = await issue(CHAT);
      const call = { method: 'POST', path: '/v1/responses', token, body: { ...body, stream: true } };
      const begun = await (await openStream(app, call)).received('"delta":"and "');
      const [, id] = /"id":"(resp_\w+)"/.exec(begun) ?? [];
      expect((await send(app, { method: 'DELETE', path: `${api}/responses/${id}`, token })).status).toBe(200);
      await ended.promise;
    }
  });

  it('is refused like any other', async () => {
    const { ask, body } = await open(says('Hi'));
    expect((await ask({ body: { ...body, model: 'no/such' } })).status).toBe(404);
    const loose = await ask({ body: { ...body, store: false } });
    expect([loose.status, loose.json()]).toMatchObject([400, { error: { param: 'background' } }]);
    const { id } = (await ask({ body: { ...body, background: false } })).json();
    const notThere = await ask({ path: `/v1/responses/${id}/cancel` });
    expect([notThere.status, notThere.json()]).toMatchObject([400, { error: { param: 'response_id' } }]);
    const late = await ask({ method: 'GET', path: `/v1/responses/${id}?stream=true` });
    expect([late.status, late.json()]).toMatchObject([400, { error: { param: 'stream' } }]);
  });
});
