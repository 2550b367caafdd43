import { join } from 'node:path';
import { createAuditLog } from '@latchkey/auth-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Approvals } from '../../src/approvals/open-approvals.ts';
import type { WaitingCall } from '../../src/approvals/pending-calls.ts';
import { openDatabase } from '../../src/state/database.ts';
import { openTestApprovals } from '../scripted/approvals.ts';
import { createPostgresDatabase } from '../scripted/postgres-database.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

const postgres = await createPostgresDatabase();
const KEY = new Uint8Array(32).fill(7);

describe.each([
  ['SQLite', () => join(temporaryFolder(), 'latchkey.db')],
  [postgres.name, () => postgres.url],
])('servers that share a database on %s', (_, placeOf) => {
  /** Three servers; a clock of theirs, what each has noted, and who decides, with the log of the second. */
  async function three() {
    const place = placeOf();
    const time = { now: Date.now() };
    const expired: string[] = [];
    const servers: Approvals[] = [];
    const databases = [];
    for (let index = 0; index < 3; index += 1) {
      const owner = new AsyncDisposableStack();
      onTestFinished(() => owner.disposeAsync());
      const database = await openDatabase(place, owner);
      databases.push(database);
      const approvals = openTestApprovals(database.approvals, {
        clock: () => new Date(time.now),
        seconds: 60,
        onExpired: ({ id }) => void expired.push(id),
      });
      owner.use(approvals);
      servers.push(approvals);
    }
    const [made, decided, taken] = servers as [Approvals, Approvals, Approvals];
    const [, second] = databases;
    const log = createAuditLog({ store: second?.audit ?? expect.fail(), key: KEY });
    onTestFinished(() => log.close());
    const decider = {
      id: 'boss',
      mayDecide: ({ tool }: { readonly tool: string }) => tool === current,
      audit: log.record,
      describe: ({ id }: { readonly id: string }) => ({
        type: 'approval.approved',
        actor: {},
        details: { approval: id },
      }),
    };
    return { made, decided, taken, time, expired, log, decider };
  }

  // What other tests have left in the database is of other tools.
  const current = `tool-${crypto.randomUUID()}`;
  let roots = 0;

  async function ask({ pending }: Approvals, more: Partial<WaitingCall> = {}) {
    const waiting = Promise.withResolvers<string>();
    const root = `root-${++roots}`;
    const outcome = pending.ask({
      principal: { rootId: root, id: root, name: 'agent', owner: 'ada', chain: [root] },
      server: 'mcp/a',
      tool: current,
      arguments: { text: 'one' },
      argumentNames: [],
      reasons: [],
      refusalOf: () => undefined,
      onWaiting: async (id) => waiting.resolve(id),
      signal: new AbortController().signal,
      ...more,
    });
    outcome.catch(() => {});
    return { outcome, id: await waiting.promise, root };
  }

  it('let one decide about what another made, and a third take it up, with its entry in the log', async () => {
    const { made, decided, taken, log, decider } = await three();
    const leaving = new AbortController();
    const { id, outcome, root } = await ask(made, { responseId: 'resp_1', signal: leaving.signal });
    leaving.abort(new Error('gone'));
    expect(await outcome).toMatchObject({ approved: false, goesOn: true });
    expect(await decided.desk.list(decider.mayDecide)).toMatchObject([{ id, caller: 'away' }]);
    expect(await decided.desk.decide(id, { decision: 'approve' }, decider)).toMatchObject({ caller: 'away' });
    const principal = { rootId: root, id: root, name: 'agent', owner: 'ada', chain: [root] };
    const again = { principal, responseId: 'resp_1', approvalId: id, onWaiting: async () => {} };
    const outcomes = await Promise.all([taken, made].map(({ pending }) => pending.ask({ ...call(), ...again })));
    expect(outcomes.filter(({ approved }) => approved)).toHaveLength(1);
    expect((await log.list({ limit: 1000 })).filter(({ details }) => details?.approval === id)).toHaveLength(1);
    // The same said twice, at another server.
    expect(await taken.desk.decide(id, { decision: 'approve' }, decider)).toMatchObject({ id });
    await expect(made.desk.decide(id, { decision: 'deny' }, decider)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('end what nobody decides about once, whichever of them sweeps', async () => {
    const { made, decided, taken, time, expired } = await three();
    const leaving = new AbortController();
    const { id, outcome } = await ask(made, { responseId: 'resp_2', signal: leaving.signal });
    leaving.abort(new Error('gone'));
    await outcome;
    time.now += 60_001;
    await Promise.all([made, decided, taken].map((server) => server.sweep()));
    expect(expired.filter((one) => one === id)).toEqual([id]);
  });

  it('list and decide a thousand that wait', async () => {
    const { made, decided, decider } = await three();
    const leaving = new AbortController();
    const asked = await Promise.all(
      Array.from({ length: 1000 }, () => ask(made, { responseId: 'resp_3', signal: leaving.signal })),
    );
    expect((await decided.desk.list(decider.mayDecide)).map(({ id }) => id).toSorted()).toEqual(
      asked.map(({ id }) => id).toSorted(),
    );
    leaving.abort(new Error('gone'));
    await Promise.all(asked.map(({ outcome }) => outcome));
    const some = asked.filter((_one, index) => index % 100 === 0);
    for (const { id } of some) await decided.desk.decide(id, { decision: 'deny' }, decider);
    expect(await decided.desk.list(decider.mayDecide)).toHaveLength(1000 - some.length);
  }, 180_000);

  const call = (): WaitingCall => ({
    principal: { rootId: 'x', id: 'x', name: 'agent', owner: 'ada', chain: ['x'] },
    server: 'mcp/a',
    tool: current,
    arguments: { text: 'one' },
    argumentNames: [],
    reasons: [],
    refusalOf: () => undefined,
    onWaiting: async () => {},
    signal: new AbortController().signal,
  });
});
