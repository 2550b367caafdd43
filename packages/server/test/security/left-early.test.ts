import { type Turn, talksUntilAborted } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import type { ConversationStore } from '../../src/contracts/conversation-store.ts';
import type { RequestStore } from '../../src/idempotency/kysely-request-store.ts';
import { type Call, send, sendAndLeave } from '../http/in-process-client.ts';
import { newServer, type TestServer } from '../http/new-server.ts';

/** Something that is waited for: reports that it was reached, and stays until it is opened. */
function newGate() {
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const pass = async (): Promise<void> => {
    reach();
    await opened;
  };
  return { reached, open, pass };
}

/** A turn that reports its beginning and its end. */
function endless() {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const turn: Turn = async function* (request, signal) {
    begin();
    yield* talksUntilAborted(request, signal);
    end();
  };
  return { turn, begun, ended };
}

/** The stored turns of a server, of which one is there, behind a gate at one of its methods. */
async function storedTurn(method: 'find' | 'load', pass: () => Promise<void>) {
  const { app, issue, auth, shared } = await newServer({ turns: [[]] });
  const conversations = shared.conversations ?? expect.fail('stored turns are shared');
  const grant = { actions: ['chat'], models: ['*'], limits: { concurrentRequests: 1 } };
  const token = await issue(grant);
  const body = { model: 'small', input: 'Hi' };
  const { id } = (await send(app, { method: 'POST', path: '/v1/responses', token, body })).json();
  const gated: ConversationStore = {
    ...conversations,
    [method]: async (...args: Parameters<ConversationStore['load']>) => {
      await pass();
      return conversations[method](...args);
    },
  };
  return { id: String(id), token, grant, auth, shared: { ...shared, conversations: gated } };
}

const background = (token: string, more: object, headers: Call['headers'] = {}): Call => ({
  method: 'POST',
  path: '/v1/responses',
  token,
  headers,
  body: { model: 'small', input: 'Go on', background: true, ...more },
});

/** Sends the request, leaves when it has reached the gate, and opens the gate once the server knows. */
async function leaveAt({ reached, open }: ReturnType<typeof newGate>, server: TestServer, call: Call): Promise<void> {
  const leave = sendAndLeave(server.app, call);
  await reached;
  leave();
  await expect.poll(() => server.log.join('')).toContain('"aborted":true');
  open();
}

describe('a response in the background whose caller left before it began', () => {
  it.each([
    ['without a key', {}],
    ['with an Idempotency-Key', { 'Idempotency-Key': 'one' }],
  ])('holds its place, and ends with its token: %s', async (_, headers) => {
    const gate = newGate();
    const { turn, begun, ended } = endless();
    const { id, token, shared } = await storedTurn('load', gate.pass);
    const server = await newServer({ turns: [turn], shares: shared });
    await leaveAt(gate, server, background(token, { previous_response_id: id }, headers));
    await begun;
    const another = await send(server.app, background(token, {}));
    expect(another.json()).toMatchObject({ error: { code: 'concurrent_requests_exceeded' } });
    await server.auth.revoke((await server.auth.verify(token)).tokenId, server.auth.operator());
    await ended;
  });

  it('does not begin when nothing watches its token any more', async () => {
    const gate = newGate();
    const { id, token, shared } = await storedTurn('find', gate.pass);
    const server = await newServer({ turns: [talksUntilAborted], shares: shared });
    const input = [{ type: 'item_reference', id: `msg_${id.replace('resp_', '')}_0` }];
    await leaveAt(gate, server, background(token, { input }));
    // Its place is free, so the next request is carried out and not refused.
    await expect.poll(async () => (await send(server.app, background(token, {}))).status).toBe(200);
    expect(server.engine.requests.length).toBeLessThanOrEqual(1);
  });
});

describe('a request with an Idempotency-Key whose caller left before its key was taken', () => {
  it('is not carried out, and leaves its key free', async () => {
    const gate = newGate();
    const released: string[] = [];
    const keyedRequests: RequestStore = {
      claim: async () => {
        await gate.pass();
        return true;
      },
      finish: () => Promise.resolve(),
      release: async (id) => void released.push(id),
      keepAlive: () => Promise.resolve(),
      sweep: () => Promise.resolve(),
    };
    const server = await newServer({ turns: [talksUntilAborted], shares: { keyedRequests } });
    const token = await server.issue({ actions: ['chat'], models: ['*'] });
    await leaveAt(gate, server, background(token, { background: false }, { 'Idempotency-Key': 'one' }));
    await expect.poll(() => released).toHaveLength(1);
    expect(server.engine.requests).toEqual([]);
  });
});
