import { join } from 'node:path';
import { attenuateToken } from '@latchkey/auth-core';
import { llm } from '@latchkey/auth-core/llm';
import { callsTool, says } from '@latchkey/engine/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ConversationStore } from '../../../src/contracts/conversation-store.ts';
import { createKyselyConversationStore } from '../../../src/conversations/kysely-conversation-store.ts';
import { openDatabase } from '../../../src/state/database.ts';
import { temporaryFolder } from '../../scripted/temporary-folder.ts';
import { type Answer, send } from '../in-process-client.ts';
import { newServer, type TestServer } from '../new-server.ts';
import { chat, entriesOf, tools } from '../waiting-run.ts';

const PATH = '/api/v1/responses';
const MAY = { actions: ['chat' as const], models: ['*'], mcp: tools({ echo: {} }) };

async function ask({ app }: TestServer, token: string, more: object = {}): Promise<string> {
  const answer = await send(app, chat(token, { integrations: [], ...more }));
  return String(answer.json().response_id);
}

const ids = (answer: Answer) => (answer.json().responses as { id: string }[]).map(({ id }) => id);
const list = ({ app }: TestServer, token: string, query = '') => send(app, { path: `${PATH}${query}`, token });
const show = ({ app }: TestServer, token: string, id: string) => send(app, { path: `${PATH}/${id}`, token });
const remove = ({ app }: TestServer, token: string, id: string, query = '') =>
  send(app, { method: 'DELETE', path: `${PATH}/${id}${query}`, token });
const talkative = () => newServer({ turns: Array.from({ length: 12 }, (_, index) => says(`Answer ${index}`)) });

describe('stored responses', () => {
  it('are listed the newest first, page by page, without their words', async () => {
    const server = await talkative();
    const token = await server.issue(MAY);
    const first = await ask(server, token);
    const second = await ask(server, token, { previous_response_id: first });
    const third = await ask(server, token);
    await ask(server, token, { store: false });
    const all = await list(server, token);
    expect(new Set(ids(all))).toEqual(new Set([first, second, third]));
    expect(all.text).not.toContain('Answer');
    expect(all.json().responses).toContainEqual({
      id: second,
      model: 'ibm/granite',
      project: null,
      state: 'completed',
      created_at: '2026-01-01T00:00:00.000Z',
      expires_at: '2026-01-31T00:00:00.000Z',
      previous_response_id: first,
    });
    const [one, two] = [await list(server, token, '?limit=2'), await list(server, token)];
    const rest = await list(server, token, `?before=${one.json().next}`);
    expect([...ids(one), ...ids(rest)]).toEqual(ids(two));
    expect(rest.json().next).toBeNull();
    expect((await list(server, token, '?before=resp_none')).status).toBe(404);
    expect((await list(server, token, '?before=resp_none@yesterday')).status).toBe(400);
    expect((await list(server, token, '?limit=0')).status).toBe(400);
  });

  it('go on with the next page, although the last response of the one before was deleted meanwhile', async () => {
    const server = await talkative();
    const token = await server.issue(MAY);
    for (let count = 0; count < 3; count += 1) await ask(server, token);
    const everything = ids(await list(server, token));
    const page = await list(server, token, '?limit=2');
    await remove(server, token, String(everything[1]));
    const rest = await list(server, token, `?before=${page.json().next}`);
    expect([rest.status, ids(rest)]).toEqual([200, everything.slice(2)]);
  });

  it('are shown with what was said and called', async () => {
    const server = await newServer({ turns: [callsTool('echo', { text: 'one' }), says('Done')] });
    const token = await server.issue(MAY);
    const id = await ask(server, token, { integrations: ['mcp/a'] });
    expect((await show(server, token, id)).json()).toMatchObject({
      id,
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Go' }] },
        { role: 'assistant', tool_calls: [{ name: 'echo', arguments: { text: 'one' } }] },
        { role: 'tool', name: 'echo', content: 'one' },
        { role: 'assistant', content: 'Done' },
      ],
    });
  });

  it('are deleted with all that goes on from them, and nothing else, with an entry in the log', async () => {
    const server = await talkative();
    const token = await server.issue(MAY);
    const first = await ask(server, token);
    const second = await ask(server, token, { previous_response_id: first });
    const third = await ask(server, token, { previous_response_id: second });
    const other = await ask(server, token, { previous_response_id: first });
    expect((await remove(server, token, second)).json()).toEqual({ id: second, deleted: 2 });
    expect(new Set(ids(await list(server, token)))).toEqual(new Set([first, other]));
    for (const gone of [second, third]) {
      expect((await show(server, token, gone)).status).toBe(404);
      expect((await remove(server, token, gone)).status).toBe(404);
      const more = { integrations: [], previous_response_id: gone };
      expect((await send(server.app, chat(token, more))).status).toBe(404);
    }
    expect(await entriesOf(server, /^response\.deleted$/)).toMatchObject([{ subject: second }]);
  });

  it('are deleted with the entry in the log or not at all, where both are in one database', async () => {
    const owner = new AsyncDisposableStack();
    onTestFinished(() => owner.disposeAsync());
    const database = await openDatabase(join(temporaryFolder(), 'latchkey.db'), owner);
    const store = createKyselyConversationStore(database.conversations);
    let fails = true;
    const conversations: ConversationStore = {
      ...store,
      remove: async (...asked) => {
        const deleted = await store.remove(...asked);
        if (fails) throw new Error('the disk is gone');
        return deleted;
      },
    };
    const server = await newServer({ turns: [says('Hi')], auditStore: database.audit, shares: { conversations } });
    const token = await server.issue(MAY);
    const id = await ask(server, token);
    expect((await remove(server, token, id)).status).toBe(503);
    expect((await show(server, token, id)).status).toBe(200);
    expect(await entriesOf(server, /^response\./)).toEqual([]);
    fails = false;
    expect((await remove(server, token, id)).status).toBe(200);
    expect(await entriesOf(server, /^response\./)).toMatchObject([{ type: 'response.deleted', subject: id }]);
  });

  it('are found, and gone on from, by the token that made them and those above it, and by no other', async () => {
    const server = await talkative();
    const root = await server.issue(MAY);
    const [child, sister] = [
      await attenuateToken(llm, root, MAY),
      await attenuateToken(llm, root, { ...MAY, models: ['ibm/*'] }),
    ];
    const grandchild = await attenuateToken(llm, child, MAY);
    const stranger = await server.issue(MAY);
    const made = {
      root: await ask(server, root),
      child: await ask(server, child),
      grandchild: await ask(server, grandchild),
    };
    const goesOn = async (token: string, id: string) =>
      (await send(server.app, chat(token, { integrations: [], previous_response_id: id }))).status;
    const seen = async (token: string) => new Set(ids(await list(server, token)));
    expect(await seen(root)).toEqual(new Set(Object.values(made)));
    expect(await seen(child)).toEqual(new Set([made.child, made.grandchild]));
    expect(await seen(grandchild)).toEqual(new Set([made.grandchild]));
    for (const token of [sister, stranger]) {
      expect(await seen(token)).toEqual(new Set());
      for (const id of Object.values(made)) {
        expect((await show(server, token, id)).status).toBe(404);
        expect((await remove(server, token, id)).status).toBe(404);
        expect(await goesOn(token, id)).toBe(404);
      }
    }
    expect((await show(server, grandchild, made.child)).status).toBe(404);
    for (const [token, own, above] of [
      [child, made.child, made.root],
      [grandchild, made.grandchild, made.child],
    ] as const) {
      expect([await goesOn(token, own), await goesOn(token, above)]).toEqual([200, 404]);
    }
    expect(await goesOn(root, made.grandchild)).toBe(200);
  });

  it('are kept apart by project', async () => {
    const server = await talkative();
    const grant = { ...MAY, projects: ['web', 'app'] };
    const token = (await server.auth.issue({ name: 'ci', grant }, server.auth.operator())).token;
    const headers = (project: string) => ({ 'latchkey-project': project });
    await send(server.app, { ...chat(token, { integrations: [] }), headers: headers('web') });
    const lists = ['web', 'app'].map((one) => send(server.app, { path: PATH, token, headers: headers(one) }));
    expect((await Promise.all(lists)).map((answer) => ids(answer).length)).toEqual([1, 0]);
  });

  it('are listed and deleted, and not read, by who administers their token', async () => {
    const server = await talkative();
    const token = await server.issue(MAY);
    const { tokenId } = await server.auth.verify(token);
    const id = await ask(server, token);
    const admin = await server.issue({ actions: ['*'], models: ['*'], mcp: { '*': { tools: { '*': {} } } } }, 'ops');
    const reader = await server.issue({ actions: ['chat'], models: ['*'] });
    expect(ids(await list(server, admin, `?token=${tokenId}`))).toEqual([id]);
    expect((await show(server, admin, id)).status).toBe(404);
    expect((await list(server, reader, `?token=${tokenId}`)).status).toBe(403);
    expect((await remove(server, reader, id, `?token=${tokenId}`)).status).toBe(403);
    expect((await remove(server, admin, id, `?token=${tokenId}`)).json()).toEqual({ id, deleted: 1 });
    expect(ids(await list(server, token))).toEqual([]);
  });

  it('are not listed for callers without a token, who are not told apart', async () => {
    const server = await newServer({
      turns: [says('Hi')],
      anonymous: { actions: ['chat'], models: ['*'] },
    });
    const answer = await send(server.app, {
      method: 'POST',
      path: '/api/v1/chat',
      body: { model: 'ibm/granite', input: 'Hi' },
    });
    expect(ids(await send(server.app, { path: PATH }))).toEqual([]);
    expect((await send(server.app, { path: `${PATH}/${answer.json().response_id}` })).status).toBe(200);
  });
});
