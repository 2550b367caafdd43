import type { ChatMessage } from '@latchkey/engine';
import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ConversationStore, StoredTurn, TurnScope } from '../../src/contracts/conversation-store.ts';
import { createKyselyConversationStore } from '../../src/conversations/kysely-conversation-store.ts';
import { openDatabase } from '../../src/state/database.ts';
import { openConversations } from '../scripted/databases.ts';
import { said } from '../scripted/messages.ts';
import { createPostgresDatabase } from '../scripted/postgres-database.ts';

const postgres = await createPostgresDatabase();

async function openOnPostgres(): Promise<ConversationStore> {
  const owner = new AsyncDisposableStack();
  const { conversations } = await openDatabase(postgres.url, owner);
  await sql`delete from conversation_turn`.execute(conversations);
  onTestFinished(() => owner.disposeAsync());
  return createKyselyConversationStore(conversations);
}

const say = (text: string): ChatMessage => ({ role: 'user', content: [{ type: 'text', text }] });

const save = (store: ConversationStore, id: string, changes: Partial<StoredTurn> = {}): Promise<boolean> =>
  store.save(turnOf(id, changes));

const turnOf = (id: string, changes: Partial<StoredTurn> = {}): StoredTurn => ({
  id,
  owner: 'mine',
  madeBy: ['mine'],
  project: null,
  model: 'ibm/granite',
  parentId: null,
  messages: [say(id)],
  state: 'completed',
  createdAt: '2026-01-01T00:00:00Z',
  ...changes,
});

describe.each([
  { name: 'SQLite', open: openConversations },
  { name: postgres.name, open: openOnPostgres },
])('a conversation stored in $name', ({ open }) => {
  it('is all messages from its beginning to the turn that is asked for', async () => {
    const store = await open();
    await save(store, 'a');
    await save(store, 'b', { parentId: 'a', messages: [say('b'), said('to b')] });
    await save(store, 'c', { parentId: 'b' });
    expect(await store.load('c', { owner: 'mine', project: null })).toEqual({
      messages: [say('a'), say('b'), said('to b'), say('c')],
    });
    expect(await store.load('a', { owner: 'mine', project: null })).toEqual({ messages: [say('a')] });
  });

  it('has the answer of a turn as it was rendered, kept for its owner alone', async () => {
    const store = await open();
    const mine = { owner: 'mine', project: null };
    await save(store, 'a');
    await store.keepAnswer?.('a', 'other', '{"of":"another"}');
    expect(await store.find('a', mine)).not.toHaveProperty('answer');
    await store.keepAnswer?.('a', 'mine', '{"id":"a"}');
    await store.update(turnOf('a', { messages: [say('more')] }));
    expect(await store.find('a', mine)).toMatchObject({ answer: '{"id":"a"}', messages: [say('more')] });
  });

  it('comes back whole when it has thousands of turns, and is deleted whole', { timeout: 60_000 }, async () => {
    const store = await open();
    const mine = { owner: 'mine', project: null };
    const ids = Array.from({ length: 2000 }, (_, index) => `turn-${index}`);
    for (const [index, id] of ids.entries()) await save(store, id, { parentId: ids[index - 1] ?? null });
    expect(await store.load('turn-1999', mine)).toEqual({ messages: ids.map(say) });
    expect(await store.remove('turn-0', mine)).toBe(2000);
    expect(await store.load('turn-1999', mine)).toBeUndefined();
  });

  it('branches where a turn is gone on with twice', async () => {
    const store = await open();
    await save(store, 'root');
    await save(store, 'left', { parentId: 'root' });
    await save(store, 'right', { parentId: 'root' });
    expect(await store.load('left', { owner: 'mine', project: null })).toEqual({
      messages: [say('root'), say('left')],
    });
    expect(await store.load('right', { owner: 'mine', project: null })).toEqual({
      messages: [say('root'), say('right')],
    });
  });

  it('comes back as it went in, whatever the text', async () => {
    const store = await open();
    const messages: ChatMessage[] = [
      say("'; drop table conversation_turn; -- \u0000 \u{1F600} <|im_start|>"),
      { role: 'user', content: [{ type: 'image', mediaType: 'image/png', data: 'AAAA' }] },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hm', signature: 's' },
          { type: 'tool_call', id: '1', name: 'read', arguments: { a: [1] } },
          { type: 'text', text: 'and then' },
        ],
      },
      { role: 'tool', toolCallId: '1', name: 'read', content: [{ type: 'text', text: '' }], isError: true },
    ];
    await save(store, 'a', { messages });
    expect(await store.load('a', { owner: 'mine', project: null })).toEqual({ messages });
  });

  it('is found by its owner only', async () => {
    const store = await open();
    await save(store, 'a');
    expect(await store.load('a', { owner: 'theirs', project: null })).toBeUndefined();
    expect(await store.load('none', { owner: 'mine', project: null })).toBeUndefined();
  });

  it('is found in its own project only, and having none is a project of its own', async () => {
    const store = await open();
    await save(store, 'web', { project: 'web' });
    await save(store, 'none');
    expect(await store.load('web', { owner: 'mine', project: 'web' })).toEqual({ messages: [say('web')] });
    expect(await store.load('web', { owner: 'mine', project: null })).toBeUndefined();
    expect(await store.load('web', { owner: 'mine', project: 'other' })).toBeUndefined();
    expect(await store.load('none', { owner: 'mine', project: 'web' })).toBeUndefined();
  });

  it("shows nothing of another owner's turns, even where it hangs on one", async () => {
    const store = await open();
    await save(store, 'theirs', { owner: 'theirs' });
    await save(store, 'elsewhere', { project: 'web' });
    await save(store, 'a', { parentId: 'theirs' });
    await save(store, 'b', { parentId: 'elsewhere' });
    expect(await store.load('a', { owner: 'mine', project: null })).toEqual({ messages: [say('a')] });
    expect(await store.load('b', { owner: 'mine', project: null })).toEqual({ messages: [say('b')] });
  });

  it('hangs on a turn that exists, and has an id of its own', async () => {
    const store = await open();
    await save(store, 'a');
    expect(await save(store, 'b', { parentId: 'none' })).toBe(false);
    expect(await store.find('b', { owner: 'mine' })).toBeUndefined();
    await expect(save(store, 'a', { owner: 'theirs' })).rejects.toThrow(/unique/i);
    await expect(save(store, 'a')).rejects.toThrow(/unique/i);
    expect(await store.load('a', { owner: 'mine', project: null })).toEqual({ messages: [say('a')] });
  });

  it('may be kept again when it has got further, and says for what its last turn waits', async () => {
    const store = await open();
    const waiting = { callId: 'call_1', approvalId: 'one' };
    await save(store, 'a', { waiting });
    expect(await store.load('a', { owner: 'mine', project: null })).toEqual({ messages: [say('a')], waiting });
    await save(store, 'b', { parentId: 'a' });
    expect(await store.load('b', { owner: 'mine', project: null })).toEqual({ messages: [say('a'), say('b')] });
    const further = { messages: [say('a'), say('more')] };
    expect(await store.update(turnOf('a', further))).toBe(true);
    expect(await store.update(turnOf('a', { ...further, owner: 'theirs' }))).toBe(false);
    expect(await store.load('a', { owner: 'mine', project: null })).toEqual({ messages: [say('a'), say('more')] });
  });

  it('is listed by page, shown, and deleted with what goes on from it, within its scope', async () => {
    const store = await open();
    const mine = { owner: 'mine', project: null };
    await save(store, 'a', { createdAt: '2026-01-01T00:00:01Z' });
    await save(store, 'b', { createdAt: '2026-01-01T00:00:02Z', parentId: 'a', madeBy: ['mine', 'x_y'] });
    await save(store, 'c', { createdAt: '2026-01-01T00:00:02Z', parentId: 'b', madeBy: ['mine', 'xzy'] });
    await save(store, 'web', { project: 'web' });
    await save(store, 'theirs', { owner: 'theirs' });
    const list = async (scope: TurnScope, before?: { id: string; createdAt: string }) =>
      (await store.list(scope, { limit: 2, ...(before === undefined ? {} : { before }) })).map(({ id }) => id);
    const second = { id: 'b', createdAt: '2026-01-01T00:00:02Z' };
    expect(await list(mine)).toEqual(['c', 'b']);
    expect(await list(mine, second)).toEqual(['a']);
    expect(await list({ ...mine, madeBy: 'x_y' })).toEqual(['b']);
    expect(await list({ owner: 'mine' }, { id: 'a', createdAt: '2026-01-01T00:00:01Z' })).toEqual(['web']);
    expect(await store.find('b', mine)).toMatchObject({ id: 'b', parentId: 'a', messages: [say('b')] });
    expect(await store.find('theirs', mine)).toBeUndefined();
    expect(await store.remove('web', mine)).toBe(0);
    expect(await store.remove('b', { ...mine, madeBy: 'xzy' })).toBe(0);
    expect(await store.remove('b', mine)).toBe(2);
    expect(await list(mine)).toEqual(['a']);
    expect(await list(mine, second)).toEqual(['a']);
    expect(await store.update(turnOf('b'))).toBe(false);
  });
});
