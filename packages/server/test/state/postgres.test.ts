import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKyselySettingsStore } from '../../src/settings/kysely-settings-store.ts';
import { type Database, openDatabase } from '../../src/state/database.ts';
import { createKyselyUsageStore } from '../../src/usage/kysely-usage-store.ts';
import { openTestApprovals } from '../scripted/approvals.ts';
import { createPostgresDatabase } from '../scripted/postgres-database.ts';

const postgres = await createPostgresDatabase();
const SETTINGS_AT = '2026-01-01T00:00:00.000Z';

/** Two servers on one database. */
const decider = {
  id: 'boss',
  mayDecide: () => true,
  audit: async () => {},
  describe: () => ({ type: 'approval.approved', actor: {} }),
};

describe(`a database on ${postgres.name}`, () => {
  let opened: AsyncDisposableStack;
  let here: Database;
  let there: Database;
  beforeEach(async () => {
    opened = new AsyncDisposableStack();
    here = await openDatabase(postgres.url, opened);
    there = await openDatabase(postgres.url, opened);
  });
  afterEach(() => opened.disposeAsync());

  it('keeps settings, of which one of two changes to a version wins', async () => {
    const stores = [createKyselySettingsStore(here.settings), createKyselySettingsStore(there.settings)];
    const { settings } = (await stores[0]?.read()) ?? {};
    if (settings === undefined) throw new Error('there are settings');
    for (const version of [0, 1]) {
      const won = await Promise.all(
        stores.map((store, index) => store.write({ ...settings, accessTokenTtl: 100 + index }, version, SETTINGS_AT)),
      );
      expect(won.toSorted()).toEqual([false, true]);
      expect(await stores[1]?.read()).toEqual({
        version: version + 1,
        settings: { ...settings, accessTokenTtl: 100 + won.indexOf(true) },
      });
    }
  });

  it('lets one person decide at one server about a call that waits at the other', async () => {
    const now = (): Date => new Date();
    await using waiting = openTestApprovals(here.approvals, { clock: now, seconds: 60 });
    await using deciding = openTestApprovals(there.approvals, { clock: now, seconds: 60 });
    const asked = Promise.withResolvers<string>();
    const outcome = waiting.pending.ask({
      principal: { rootId: 'mine', id: 'mine', name: 'agent', owner: 'ada', chain: ['mine'] },
      server: 'mcp/a',
      tool: 'echo',
      arguments: { text: 'one' },
      argumentNames: [],
      reasons: [],
      refusalOf: () => undefined,
      onWaiting: async (id) => asked.resolve(id),
      signal: new AbortController().signal,
    });
    const id = await asked.promise;
    const answers = [{ text: 'two' }, { text: 'three' }];
    const decided = await Promise.allSettled(
      answers.map((args) => deciding.desk.decide(id, { decision: 'approve', arguments: args }, decider)),
    );
    const won = decided.findIndex(({ status }) => status === 'fulfilled');
    expect(decided[1 - won]).toMatchObject({ reason: { code: expect.stringMatching(/^(CONFLICT|NOT_FOUND)$/) } });
    expect(await outcome).toEqual({ approved: true, id, arguments: answers[won] });
    expect(await deciding.desk.list(() => true)).toEqual([]);
  });

  it('adds up what is used on both at once', async () => {
    const stores = [createKyselyUsageStore(here.usage), createKyselyUsageStore(there.usage)];
    const used = { day: '2026-01-02', rootId: 'mine', project: null, requests: 1, toolCalls: 0, cost: 5 };
    const counts = { inputTokens: 3_000_000_000, outputTokens: 4 };
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        const models = index % 2 ? ['a', 'b'] : ['b', 'a'];
        return stores[index % 2]?.add(models.map((model) => ({ ...used, ...counts, model })));
      }),
    );
    const range = { from: '2026-01-01', to: '2026-01-31' };
    expect(await stores[0]?.rootIds(range)).toEqual(['mine']);
    expect(await stores[0]?.sum(range, 'day', ['mine'])).toEqual([
      {
        rootId: 'mine',
        project: null,
        value: '2026-01-02',
        requests: 40,
        inputTokens: 120_000_000_000,
        outputTokens: 160,
        toolCalls: 0,
        cost: 200,
      },
    ]);
  });

  it('tells of changed tokens', () => {
    expect(here.tokens.watch).toBeInstanceOf(Function);
  });
});

describe('a database that cannot be opened', () => {
  it.each([
    ['postgres://ada:s3cr3t@127.0.0.1:1/none?password=s3cr3t', 'postgres://ada@127.0.0.1:1/none'],
    ['postgresql://ada:s3cr3t@/none?host=%2Fnowhere', 'of that URL'],
    ['postgres://ada:s3cr3t@127.0.0.1:x/none', 'of that URL'],
  ])('is named with its setting, and without its password', async (url, shown) => {
    await using owner = new AsyncDisposableStack();
    const error: unknown = await openDatabase(url, owner).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining(`database ${shown} `) });
    expect(error).toMatchObject({ message: expect.stringMatching(/cannot be used: \S.*LATCHKEY_DATABASE/) });
    expect(String((error as Error).stack)).not.toContain('s3cr3t');
  });
});
