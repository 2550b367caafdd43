import { join } from 'node:path';
import { createAuth } from '@latchkey/auth-core';
import { llm } from '@latchkey/auth-core/llm';
import { describe, expect, it, onTestFinished } from 'vitest';
import { forgetCalls } from '../../src/approvals/sweep.ts';
import { createKyselyConversationStore } from '../../src/conversations/kysely-conversation-store.ts';
import { openDatabase } from '../../src/state/database.ts';
import { forgetConversations, forgetTurns } from '../../src/state/forget-conversations.ts';
import { keepDays, sweep } from '../../src/state/retention.ts';
import { keepLog } from '../http/new-server.ts';
import { createPostgresDatabase } from '../scripted/postgres-database.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

const postgres = await createPostgresDatabase();
const OLD = '2026-01-01T00:00:00.000Z';
const BEFORE = '2026-02-01T00:00:00.000Z';
const NEW = '2026-03-01T00:00:00.000Z';

describe.each([
  ['SQLite', () => join(temporaryFolder(), 'latchkey.db')],
  [postgres.name, () => postgres.url],
])('what is kept no longer in %s', (_, placeOf) => {
  async function open() {
    const opened = new AsyncDisposableStack();
    onTestFinished(() => opened.disposeAsync());
    return openDatabase(placeOf(), opened);
  }

  it('are turns that nothing newer goes on from', async () => {
    const { conversations } = await open();
    const store = createKyselyConversationStore(conversations);
    const turn = (id: string, createdAt: string, parentId: string | null = null) =>
      store.save({
        id,
        owner: 'root',
        madeBy: ['root'],
        project: null,
        model: 'm',
        parentId,
        messages: [],
        state: 'completed',
        createdAt,
      });
    await turn('old', OLD);
    await turn('goes on', OLD, 'old');
    await turn('kept parent', OLD);
    await turn('new', NEW, 'kept parent');
    await forgetTurns(conversations, BEFORE);
    const left = await conversations.selectFrom('conversation_turn').select('id').orderBy('id').execute();
    expect(left.map(({ id }) => id)).toEqual(['kept parent', 'new']);
  });

  it('are calls whose time is over', async () => {
    const { approvals } = await open();
    const call = (id: string, requested: string, until: string) => ({
      id,
      root_id: 'root',
      token_id: 'root',
      token_name: 'bot',
      owner: 'ada',
      project: null,
      server: 'mcp/files',
      tool: 'write_file',
      arguments: '{"content":"long"}',
      argument_names: null,
      status: 'waiting' as const,
      answer_id: null,
      answer: null,
      refusal: null,
      requested_at: requested,
      expires_at: until,
      alive_until: until,
      response_id: null,
    });
    await approvals
      .insertInto('approval')
      .values([call('old', OLD, OLD), call('waits', OLD, NEW)])
      .execute();
    await forgetCalls(approvals, BEFORE);
    const left = await approvals.selectFrom('approval').select('id').execute();
    expect(left.map(({ id }) => id)).toEqual(['waits']);
  });

  it('are exchanged keys that have ended', async () => {
    const { tokens } = await open();
    const auth = createAuth({ vocabulary: llm, store: tokens, digestKey: new Uint8Array(32).fill(1) });
    const root = await auth.issue({ name: 'root', grant: { actions: ['chat'] } }, auth.operator());
    const by = await auth.verify(root.token);
    const ended = await auth.exchange({}, by);
    const works = await auth.exchange({}, by);
    await auth.revoke(ended.record.id, auth.operator());
    const { logger } = keepLog();
    const tomorrow = () => new Date(Date.now() + 2 * 86_400_000);
    const kept = [keepDays('exchanged keys', 1, auth.forgetEnded)];
    await sweep({ kept, clock: () => new Date(), logger });
    expect(await auth.list(auth.operator())).toHaveLength(3);
    await sweep({ kept, clock: tomorrow, logger });
    const left = (await auth.list(auth.operator())).map(({ id }) => id);
    expect(left.toSorted()).toEqual([root.record.id, works.record.id].toSorted());
    await expect(auth.verify(ended.token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
  });

  it('are turns of tokens that were revoked or removed, and of no others', async () => {
    const database = await open();
    const auth = createAuth({ vocabulary: llm, store: database.tokens, digestKey: new Uint8Array(32).fill(1) });
    const operator = auth.operator();
    const issue = async (name: string) =>
      (await auth.issue({ name, grant: { actions: ['chat'] } }, operator)).record.id;
    const [works, revoked] = [await issue('works'), await issue('revoked')];
    const store = createKyselyConversationStore(database.conversations);
    for (const owner of [works, revoked, 'removed', 'local:anonymous']) {
      const turn = { owner, madeBy: [owner], project: null, model: 'm', messages: [], state: 'completed' as const };
      await store.save({ ...turn, id: `1 ${owner}`, parentId: null, createdAt: NEW });
      await store.save({ ...turn, id: `2 ${owner}`, parentId: `1 ${owner}`, createdAt: NEW });
    }
    await auth.revoke(revoked, operator);
    await forgetConversations(database, new Date(BEFORE));
    const left = await database.conversations.selectFrom('conversation_turn').select('owner').distinct().execute();
    const kept = left
      .map(({ owner }) => owner)
      .filter((owner) => [works, revoked, 'removed', 'local:anonymous'].includes(owner));
    expect(kept.toSorted()).toEqual([works, 'local:anonymous'].toSorted());
  });
});

describe('a sweep', () => {
  it('goes on when something cannot be removed, and logs it', async () => {
    const { logger, log } = keepLog();
    const swept: string[] = [];
    const kept = [
      keepDays('broken', 1, () => Promise.reject(new Error('the disk is gone'))),
      keepDays('whole', 2, async (time) => void swept.push(time.toISOString())),
    ];
    await sweep({ kept, clock: () => new Date('2026-01-03T00:00:00Z'), logger });
    expect(swept).toEqual(['2026-01-01T00:00:00.000Z']);
    expect(log.join()).toContain('broken');
  });
});
