import type { AuditEvent } from '@latchkey/auth-core';
import { fixedClock } from '@latchkey/auth-core/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ApprovalDesk } from '../../src/approvals/approval-desk.ts';
import type { Approvals } from '../../src/approvals/open-approvals.ts';
import type { WaitingCall } from '../../src/approvals/pending-calls.ts';
import { toExpiry } from '../../src/approvals/sweep.ts';
import { ServerError } from '../../src/contracts/server-error.ts';
import { openTestApprovals } from '../scripted/approvals.ts';
import { openApprovalTables } from '../scripted/databases.ts';

const anybody = (): boolean => true;
const decider = {
  id: 'boss',
  mayDecide: anybody,
  audit: async () => {},
  describe: () => ({ type: 'approval.approved', actor: {} }),
};
const principal = { rootId: 'AAAAAAAA', id: 'AAAAAAAA', name: 'agent', owner: 'ada', chain: ['AAAAAAAA'] };

interface Asked {
  readonly outcome: ReturnType<Approvals['pending']['ask']>;
  readonly id: string;
}

/** A call that must not come to wait. */
const waitingCall = (): WaitingCall => ({
  principal,
  server: 'mcp/a',
  tool: 'echo',
  arguments: { text: 'one' },
  argumentNames: [],
  reasons: [],
  refusalOf: () => undefined,
  onWaiting: () => expect.fail('it waits'),
  signal: new AbortController().signal,
});

/** A call that waits. */
async function ask({ pending }: Pick<Approvals, 'pending'>, changes: Partial<WaitingCall> = {}): Promise<Asked> {
  const waiting = Promise.withResolvers<string>();
  const outcome = pending.ask({ ...waitingCall(), onWaiting: async (id) => waiting.resolve(id), ...changes });
  outcome.catch(() => {});
  return { outcome, id: await waiting.promise };
}

/** As many servers on one database as there are clocks. */
async function openServers(...clocks: readonly (() => Date)[]): Promise<readonly Approvals[]> {
  const database = await openApprovalTables();
  return clocks.map((clock) => {
    const approvals = openTestApprovals(database, { clock, seconds: 60 });
    onTestFinished(() => approvals[Symbol.asyncDispose]());
    return approvals;
  });
}

describe('arguments that are too large for a person', () => {
  it('do not wait, and the call is refused by that name', async () => {
    const [{ pending, desk }] = (await openServers(now)) as [Approvals];
    const text = 'x'.repeat(65_536 - '{"text":""}'.length);
    const large = await pending.ask({ ...waitingCall(), arguments: { text: `${text}x` } });
    expect(large).toMatchObject({ approved: false, reason: expect.stringContaining('65536 bytes') });
    expect(await ids(desk)).toEqual([]);
    const { id } = await ask({ pending }, { arguments: { text } });
    expect(await ids(desk)).toEqual([id]);
  });
});

const now = (): Date => new Date();
const ids = async (desk: ApprovalDesk): Promise<readonly string[]> => (await desk.list(anybody)).map(({ id }) => id);

describe('servers that share a database', () => {
  it('show each other what waits, and take answers that another one was given', async () => {
    const [here, there] = (await openServers(now, now)) as [Approvals, Approvals];
    const { id, outcome } = await ask(here);
    expect(await ids(there.desk)).toEqual([id]);
    await there.desk.decide(id, { decision: 'approve', arguments: { text: 'two' } }, decider);
    expect(await outcome).toEqual({ approved: true, id, arguments: { text: 'two' } });
    expect(await ids(there.desk)).toEqual([]);
  });

  it('say why an answer that another one was given is not taken, and the call waits on', async () => {
    const [here, there] = (await openServers(now, now)) as [Approvals, Approvals];
    const refusalOf: WaitingCall['refusalOf'] = ({ text }) =>
      text === 'two' ? { code: 'INVALID_REQUEST', message: 'Not two.' } : undefined;
    const { id, outcome } = await ask(here, { refusalOf });
    const wrong = there.desk.decide(id, { decision: 'approve', arguments: { text: 'two' } }, decider);
    await expect(wrong).rejects.toMatchObject({ code: 'INVALID_REQUEST', message: 'Not two.', param: 'arguments' });
    await there.desk.decide(id, { decision: 'deny' }, decider);
    expect(await outcome).toMatchObject({ approved: false });
  });

  it('do not show what waits on one that was killed', async () => {
    const clock = fixedClock('2026-01-01T00:00:00Z');
    const [killed, other] = (await openServers(() => new Date('2026-01-01T00:00:00Z'), clock)) as [
      Approvals,
      Approvals,
    ];
    const { id } = await ask(killed);
    expect(await ids(other.desk)).toEqual([id]);
    clock.advance(11_000);
    expect(await ids(other.desk)).toEqual([]);
    await expect(other.desk.decide(id, { decision: 'approve' }, decider)).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});

describe('a call that waits', () => {
  it('is denied when its server stops, and so is every later one', async () => {
    const [server] = (await openServers(now)) as [Approvals];
    const { outcome } = await ask(server);
    server.close();
    expect(await outcome).toMatchObject({ approved: false, reason: 'the server is shutting down' });
    expect(await ids(server.desk)).toEqual([]);
    expect(await server.pending.ask(waitingCall())).toMatchObject({ approved: false });
  });

  it('does not wait when nobody can be told of it, and leaves nothing behind', async () => {
    const [server] = (await openServers(now)) as [Approvals];
    const onWaiting = () => Promise.reject(new Error('the disk is gone'));
    await expect(server.pending.ask({ ...waitingCall(), onWaiting })).rejects.toThrow('the disk is gone');
    expect(await ids(server.desk)).toEqual([]);
  });

  it('is the last of twenty for a root token; those of others wait', async () => {
    const [server] = (await openServers(now)) as [Approvals];
    for (let count = 0; count < 20; count += 1) await ask(server);
    const refused = await server.pending.ask(waitingCall());
    expect(refused).toMatchObject({ approved: false, reason: expect.stringContaining('20 calls') });
    await ask(server, { principal: { ...principal, rootId: 'BBBBBBBB' } });
    expect(await ids(server.desk)).toHaveLength(21);
  });

  it('leaves no arguments in the database once it is decided', async () => {
    const database = await openApprovalTables();
    const server = openTestApprovals(database, { clock: now, seconds: 60 });
    onTestFinished(() => server[Symbol.asyncDispose]());
    const { id, outcome } = await ask(server, { arguments: { text: 'CANARY' } });
    await server.desk.decide(id, { decision: 'approve', arguments: { text: 'CANARY-2' } }, decider);
    await outcome;
    expect(JSON.stringify(await database.selectFrom('approval').selectAll().execute())).not.toContain('CANARY');
  });
});

describe('a call that can be taken up', () => {
  const responseId = 'resp_1';

  /** Leaves a call that waits. */
  async function leave(server: Approvals, reason?: Error): Promise<{ id: string; outcome: unknown }> {
    const caller = new AbortController();
    const { id, outcome } = await ask(server, { responseId, signal: caller.signal });
    caller.abort(reason);
    return { id, outcome: await outcome };
  }

  /** Takes a call up that does not wait any more. */
  const takeUp = ({ pending }: Approvals, approvalId: string) => pending.ask({ ...waitingCall(), approvalId });

  it('goes on waiting when its caller leaves, is answered at once, and is taken up with the answer', async () => {
    const [server] = (await openServers(now)) as [Approvals];
    const { id, outcome } = await leave(server);
    expect(outcome).toMatchObject({ approved: false, goesOn: true });
    expect(await ids(server.desk)).toEqual([id]);
    await server.desk.decide(id, { decision: 'approve', arguments: { text: 'two' } }, decider);
    expect(await ids(server.desk)).toEqual([]);
    expect(await takeUp(server, id)).toEqual({ approved: true, id, arguments: { text: 'two' } });
  });

  it('goes on waiting when its server stops', async () => {
    const [stopped, other] = (await openServers(now, now)) as [Approvals, Approvals];
    const { id, outcome } = await ask(stopped, { responseId });
    stopped.close();
    expect(await outcome).toMatchObject({ goesOn: true });
    expect(await takeUp(stopped, id)).toMatchObject({ id, goesOn: true });
    await other.desk.decide(id, { decision: 'deny' }, decider);
    expect(await takeUp(other, id)).toMatchObject({ approved: false });
  });

  it('is shown, answered and taken up when its server was killed', async () => {
    const clock = fixedClock('2026-01-01T00:00:00Z');
    const [killed, other] = (await openServers(() => new Date('2026-01-01T00:00:00Z'), clock)) as [
      Approvals,
      Approvals,
    ];
    const waiting = Promise.withResolvers<string>();
    // What is killed looks no more.
    const dead = Promise.withResolvers<void>();
    onTestFinished(() => dead.resolve());
    const onWaiting = (id: string) => {
      waiting.resolve(id);
      return dead.promise;
    };
    killed.pending.ask({ ...waitingCall(), responseId, onWaiting }).catch(() => {});
    const id = await waiting.promise;
    clock.advance(11_000);
    expect(await ids(other.desk)).toEqual([id]);
    await other.desk.decide(id, { decision: 'approve' }, decider);
    expect(await takeUp(other, id)).toEqual({ approved: true, id });
  });

  it('is denied, shown to nobody and forgotten when its time is over', async () => {
    const clock = fixedClock('2026-01-01T00:00:00Z');
    const [server] = (await openServers(clock)) as [Approvals];
    const { id } = await leave(server);
    clock.advance(60_000);
    expect(await ids(server.desk)).toEqual([]);
    await expect(server.desk.decide(id, { decision: 'approve' }, decider)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await takeUp(server, id)).toMatchObject({ approved: false, reason: expect.stringContaining('in time') });
  });

  it('outlives what throws away other calls that have ended', async () => {
    const clock = fixedClock('2026-01-01T00:00:00Z');
    const database = await openApprovalTables();
    const server = openTestApprovals(database, { clock, seconds: 600 });
    onTestFinished(() => server[Symbol.asyncDispose]());
    const { id } = await leave(server);
    clock.advance(300_000);
    await ask(server, { responseId });
    expect(await ids(server.desk)).toContain(id);
  });

  it('ends with its token', async () => {
    const [server] = (await openServers(now)) as [Approvals];
    const { outcome } = await leave(server, new ServerError('TOKEN_REVOKED', 'The token has ended.'));
    expect(outcome).not.toHaveProperty('goesOn');
    expect(await ids(server.desk)).toEqual([]);
  });

  it.each<[string, Partial<WaitingCall>]>([
    ['arguments', { arguments: { text: 'other' } }],
    ['server', { server: 'mcp/b' }],
    ['tool', { tool: 'fail' }],
    ['token', { principal: { ...principal, rootId: 'BBBBBBBB' } }],
    ['project', { principal: { ...principal, project: 'web' } }],
  ])('is another call with another %s', async (_, changes) => {
    const [server] = (await openServers(now)) as [Approvals];
    const { id } = await leave(server);
    await server.desk.decide(id, { decision: 'approve' }, decider);
    const other = await ask(server, { ...changes, approvalId: id });
    expect(other.id).not.toBe(id);
    await server.desk.decide(other.id, { decision: 'deny' }, decider);
    expect(await other.outcome).toMatchObject({ approved: false });
  });

  it('counts among the twenty of its root token', async () => {
    const [server] = (await openServers(now)) as [Approvals];
    for (let count = 0; count < 20; count += 1) await leave(server);
    const refused = await server.pending.ask(waitingCall());
    expect(refused).toMatchObject({ approved: false, reason: expect.stringContaining('20 calls') });
  });
});

describe('a call about which nobody decides', () => {
  it('ends by time when its caller is away, forgets its arguments, and is told once as expired', async () => {
    const database = await openApprovalTables();
    let time = Date.now();
    const expired: AuditEvent[] = [];
    const servers = [0, 1].map(() =>
      openTestApprovals(database, {
        clock: () => new Date(time),
        seconds: 60,
        onExpired: (approval, why) => void expired.push(toExpiry(approval, why)),
      }),
    ) as [Approvals, Approvals];
    onTestFinished(async () => void (await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))));
    const leaving = new AbortController();
    const { id, outcome } = await ask(servers[0], { responseId: 'resp_1', signal: leaving.signal });
    leaving.abort(new Error('the caller went away'));
    await outcome;
    const watching = servers[1].desk.watch(anybody, new AbortController().signal);
    expect((await watching.next()).value).toMatchObject({ type: 'approval.requested' });
    expect((await watching.next()).value).toEqual({ type: 'approval.listed' });
    time += 61_000;
    await Promise.all(servers.map((server) => server.sweep()));
    expect((await watching.next()).value).toEqual({ type: 'approval.ended', id, outcome: 'expired' });
    expect(expired).toMatchObject([{ type: 'approval.expired', subject: 'mcp/a echo', details: { approval: id } }]);
    const rows = await database.selectFrom('approval').select(['status', 'arguments']).execute();
    expect(rows).toEqual([{ status: 'expired', arguments: '{}' }]);
  });
});
