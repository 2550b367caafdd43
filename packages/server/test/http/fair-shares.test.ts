import { attenuateToken } from '@latchkey/auth-core';
import { type Grant, llm } from '@latchkey/auth-core/llm';
import { says, talksUntilAborted } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { type OpenAnswer, open, send } from './in-process-client.ts';
import { newServer, type TestServer } from './new-server.ts';

const CHAT: Grant = { actions: ['chat'], models: ['*'] };
const LIGHT: Grant = { ...CHAT, limits: { weight: 0.25 } };
const HEAVY: Grant = { ...CHAT, limits: { weight: 4 } };
const narrowed = async (token: Promise<string>, grant: Grant): Promise<string> =>
  attenuateToken(llm, await token, grant);

/** Two requests run on a test server's model, and eight wait. */
const PLACES = 2;

/**
 * Has four requests of one caller and four of another wait for one place, each of an answer of the same length, and
 * returns whose turns have run, in their order. A caller's requests take its tokens in turns.
 */
async function orderOf(server: TestServer, one: readonly string[], other: readonly string[]): Promise<string[]> {
  server.engine.turns.push(...Array.from({ length: PLACES }, () => talksUntilAborted));
  server.engine.otherwise = says('Hi');
  const ask = (token: string, input: string) => ({
    method: 'POST',
    path: '/api/v1/chat',
    token,
    body: { model: 'ibm/granite', input, stream: input === 'hold' },
  });
  const holder = await server.issue(CHAT, 'holder');
  const held: OpenAnswer[] = [];
  for (let place = 0; place < PLACES; place += 1) {
    const stream = await open(server.app, ask(holder, 'hold'));
    await stream.received('"and "');
    held.push(stream);
  }
  const askAll = (tokens: readonly string[], input: string, times: number) =>
    Array.from({ length: times }, (_, index) => send(server.app, ask(tokens[index % tokens.length] ?? '', input)));
  const all = [...askAll(one, 'one', 5), ...askAll(other, 'other', 4)];
  // The caller with the most requests loses one when the queue is full: then the others are all in it.
  expect((await Promise.race(all)).status).toBe(503);
  held[0]?.leave();
  const statuses = (await Promise.all(all)).map(({ status }) => status);
  expect(statuses.toSorted()).toEqual([...Array.from({ length: 8 }, () => 200), 503]);
  const begun = server.engine.requests.slice(PLACES);
  return begun.map(({ messages }) => JSON.stringify(messages).match(/one|other/)?.[0] ?? '');
}

const count = (order: readonly string[], name: string): number => order.filter((found) => found === name).length;

describe('callers whose requests wait for one place', () => {
  it('have equal shares when no grant has a weight', async () => {
    const server = await newServer();
    const order = await orderOf(server, [await server.issue(CHAT)], [await server.issue(CHAT)]);
    expect(count(order.slice(0, 4), 'one')).toBe(2);
  });

  it.each([
    ['its grant', (server: TestServer) => server.issue(LIGHT)],
    ['a grant that was added to its token', (server: TestServer) => narrowed(server.issue(CHAT), LIGHT)],
    ['the token that its own was made from', (server: TestServer) => narrowed(server.issue(LIGHT), CHAT)],
  ])('have the share that a weight leaves: %s', async (_, issue) => {
    const server = await newServer();
    const order = await orderOf(server, [await issue(server)], [await server.issue(CHAT)]);
    // A quarter of the weight: one turn costs as much as four.
    expect(count(order.slice(0, 5), 'one')).toBe(1);
  });

  it('have a larger share by the grant of a token, and by nothing that its holder adds', async () => {
    const given = await newServer();
    const order = await orderOf(given, [await given.issue(HEAVY)], [await given.issue(CHAT)]);
    expect(count(order.slice(0, 5), 'one')).toBe(4);
    const taken = await newServer();
    const equal = await orderOf(taken, [await narrowed(taken.issue(CHAT), HEAVY)], [await taken.issue(CHAT)]);
    expect(count(equal.slice(0, 4), 'one')).toBe(2);
  });

  it('have one share for all tokens that were made from one', async () => {
    const server = await newServer();
    const root = server.issue(CHAT);
    const derived = [await narrowed(root, { ...CHAT, models: ['ibm/*'] }), await narrowed(root, CHAT)];
    const order = await orderOf(server, [await server.issue(CHAT)], derived);
    expect(count(order.slice(0, 6), 'one')).toBe(3);
  });
});
