import { describe, expect, it } from 'vitest';
import {
  type AuditEvent,
  type AuditStore,
  createAuditLog,
  createMemoryAuditStore,
  type LostEvents,
} from '../../src/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { manualRepeat } from '../limits/manual-repeat.ts';

function setUp(change: (store: AuditStore) => Partial<AuditStore> = () => ({})) {
  const kept = createMemoryAuditStore();
  const store = { ...kept, close: async () => undefined, ...change(kept) };
  const clock = fixedClock('2027-01-31T12:00:00Z');
  const timers = manualRepeat();
  const lost: LostEvents[] = [];
  const key = new Uint8Array(32);
  const log = createAuditLog({ store, key, clock, repeat: timers.repeat, onLost: (event) => lost.push(event) });
  /** What is in the log, once all that waits has been written. */
  async function readAll() {
    await log.close();
    return kept.read({ limit: 1e6 });
  }
  return { clock, timers, log, lost, kept, readAll };
}

const UNAVAILABLE = { code: 'AUTH_AUDIT_UNAVAILABLE' };
const denied = (subject: string): AuditEvent => ({
  type: 'permission.denied',
  actor: { id: 'AAAAAAAA', address: '127.0.0.1' },
  subject,
});

/** Nothing that is denied is written as often as somebody likes; this is. */
const ended = (subject: string): AuditEvent => ({ ...denied(subject), type: 'tool.ended' });

const refused = (address: string, code = 'AUTH_TOKEN_UNKNOWN', rest: Partial<AuditEvent> = {}): AuditEvent => ({
  type: 'authentication.refused',
  actor: { address },
  details: { code },
  ...rest,
});

/** A store whose appends wait until they are let through. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const change = ({ append }: AuditStore): Partial<AuditStore> => ({
    append: async (chain) => {
      await promise;
      await append(chain);
    },
  });
  return { change, open: resolve };
}

describe('note', () => {
  it('writes everything else of somebody known, soon', async () => {
    const { log } = setUp();
    for (let index = 0; index < 1200; index++) log.note(ended('chat'));
    expect((await log.list({ after: 1000, limit: 1000 })).map(({ seq, subject }) => [seq, subject])).toEqual(
      Array.from({ length: 200 }, (_, index) => [1001 + index, 'chat']),
    );
  });

  it('drops what finds no room, says so in the log, and tells once', async () => {
    const { change, open } = gate();
    const { log, lost, readAll } = setUp(change);
    for (let index = 0; index < 10_007; index++) log.note(ended(`call ${index}`));
    open();
    const entries = await readAll();
    expect(entries.length).toBe(10_001);
    const [gap] = entries.filter(({ type }) => type === 'audit.dropped');
    expect(gap).toMatchObject({ actor: {}, details: { count: 7 } });
    expect(lost).toEqual([{ count: 7 }]);
  });

  it('loses what a store fails on, and says so in the log when the store works again', async () => {
    let broken = true;
    const { log, lost, readAll, kept } = setUp(({ append }) => ({
      append: (chain) => (broken ? Promise.reject(new Error('disk on fire')) : append(chain)),
    }));
    log.note(ended('first'));
    log.note(ended('second'));
    await expect(log.record({ type: 'token.issued', actor: {} })).rejects.toMatchObject(UNAVAILABLE);
    expect(await kept.read({ limit: 9 })).toEqual([]);
    log.note(ended('third'));
    await expect(log.record({ type: 'token.issued', actor: {} })).rejects.toMatchObject(UNAVAILABLE);
    broken = false;
    const entries = await readAll();
    expect(entries.map(({ type, details }) => [type, details?.count])).toEqual([['audit.dropped', 3]]);
    const cause = new Error('disk on fire');
    expect(lost).toEqual([
      { count: 2, cause },
      { count: 1, cause },
    ]);
  });

  it('waits a moment for a record to be written together with, in the order in which they came', async () => {
    const sizes: number[] = [];
    const { log, kept } = setUp(({ append }) => ({
      append: (chain) =>
        append(async (head, read) => {
          const batch = await chain(head, read);
          sizes.push(batch.entries.length);
          return batch;
        }),
    }));
    const called = (subject: string) => log.record({ type: 'tool.called', actor: {}, subject });
    await called('first');
    log.note(ended('first'));
    await called('second');
    expect(sizes).toEqual([1, 2]);
    const first = await kept.read({ limit: 9 });
    expect(first.map(({ type, subject }) => `${type} ${subject}`)).toEqual([
      'tool.called first',
      'tool.ended first',
      'tool.called second',
    ]);
    // Nobody comes, and nobody asks.
    log.note(ended('second'));
    await expect.poll(async () => (await kept.read({ limit: 9 })).length).toBe(4);
    expect(await log.verify()).toMatchObject({ intact: true, entries: 4 });
  });

  it('that were lost are told of in the next write, also in one with a record', async () => {
    let broken = true;
    const { log, kept } = setUp(({ append }) => ({
      append: (chain) => (broken ? Promise.reject(new Error('disk on fire')) : append(chain)),
    }));
    log.note(ended('lost'));
    await expect(log.record({ type: 'tool.called', actor: {} })).rejects.toMatchObject(UNAVAILABLE);
    await log.verify();
    broken = false;
    log.note(ended('kept'));
    await log.record({ type: 'tool.called', actor: {} });
    await log.verify();
    const types = (await kept.read({ limit: 9 })).map(({ type }) => type);
    expect(types.toSorted()).toEqual(['audit.dropped', 'tool.called', 'tool.ended']);
  });

  it('that a store can never take keeps no record out', async () => {
    const { log, lost, readAll } = setUp(({ append }) => ({
      append: (chain) =>
        append(async (head, read) => {
          const batch = await chain(head, read);
          if (batch.entries.some(({ subject }) => subject === 'poison')) throw new Error('not this one');
          return batch;
        }),
    }));
    log.note(ended('poison'));
    await log.record({ type: 'tool.called', actor: {}, subject: 'call' });
    const entries = await readAll();
    expect(entries.map(({ type }) => type)).toEqual(['tool.called', 'audit.dropped']);
    expect(lost).toMatchObject([{ count: 1 }]);
  });

  it('never keeps a record waiting behind many notes', async () => {
    const { change, open } = gate();
    const { log, readAll } = setUp(change);
    for (let index = 0; index < 5000; index++) log.note(ended(`call ${index}`));
    await Promise.resolve();
    await Promise.resolve();
    const recorded = log.record({ type: 'token.revoked', actor: {} });
    open();
    await recorded;
    const entries = await readAll();
    // The last of the second write: behind the notes that came before it and are written with it.
    expect(entries.find(({ type }) => type === 'token.revoked')?.seq).toBe(998);
    expect(entries.length).toBe(5001);
  });

  it('is lost after the log was closed, and told', async () => {
    const { log, lost, readAll } = setUp();
    await log.close();
    log.note(ended('late'));
    expect(lost).toEqual([{ count: 1 }]);
    expect(await readAll()).toEqual([]);
  });
});

describe('denials of somebody known', () => {
  const deniedTo = (id: string, rest: Partial<AuditEvent> = {}): AuditEvent => ({
    ...denied(`model ${id}`),
    actor: { id, rootId: 'AAAAAAAA', owner: 'ada', address: '127.0.0.1' },
    details: { code: 'PERMISSION_DENIED', reason: 'no' },
    ...rest,
  });

  it('are each written up to sixty times in a minute, and then counted, however many tokens are derived', async () => {
    const { log, clock, timers, readAll } = setUp();
    for (let index = 0; index < 1000; index++) log.note(deniedTo(`child ${index}`));
    for (let index = 0; index < 10; index++) log.note(deniedTo('AAAAAAAA', { type: 'tool.denied' }));
    clock.advance(60_000);
    timers.tick();
    log.note(deniedTo('later'));
    const entries = await readAll();
    expect(entries.slice(0, 60).map(({ actor, subject }) => [actor.id, subject])).toEqual(
      Array.from({ length: 60 }, (_, index) => [`child ${index}`, `model child ${index}`]),
    );
    const since = '2027-01-31T12:00:00.000Z';
    const actor = { rootId: 'AAAAAAAA', owner: 'ada' };
    expect(entries.slice(60).map(({ type, actor, subject, details }) => ({ type, actor, subject, details }))).toEqual([
      { type: 'permission.denied', actor, details: { code: 'PERMISSION_DENIED', count: 940, since } },
      { type: 'tool.denied', actor, details: { code: 'PERMISSION_DENIED', count: 10, since } },
      { ...deniedTo('later') },
    ]);
  });

  it('take nothing from others, and strangers nothing from them', async () => {
    const { log, readAll } = setUp();
    for (let index = 0; index < 300; index++) log.note(refused(`2001:db8::${index.toString(16)}`));
    for (let index = 0; index < 61; index++) log.note(denied('chat'));
    log.note({ ...denied('chat'), actor: { id: 'BBBBBBBB' } });
    const entries = (await readAll()).filter(({ type }) => type === 'permission.denied');
    expect(entries.map(({ actor, details }) => [actor.id, details?.count])).toEqual([
      ...Array.from({ length: 60 }, () => ['AAAAAAAA', undefined]),
      ['BBBBBBBB', undefined],
      ['AAAAAAAA', 1],
    ]);
  });
});

describe('logins that fail', () => {
  it('are written once, and counted until the minute is over', async () => {
    const { log, timers, clock, readAll } = setUp();
    for (let index = 0; index < 1000; index++) log.note(refused('203.0.113.7', undefined, { subject: `/${index}` }));
    clock.advance(60_000);
    timers.tick();
    const entries = await readAll();
    expect(entries.map(({ at, type, actor, subject, details }) => ({ at, type, actor, subject, details }))).toEqual([
      {
        at: '2027-01-31T12:00:00.000Z',
        type: 'authentication.refused',
        actor: { address: '203.0.113.7' },
        subject: '/0',
        details: { code: 'AUTH_TOKEN_UNKNOWN' },
      },
      {
        at: '2027-01-31T12:01:00.000Z',
        type: 'authentication.refused',
        actor: { address: '203.0.113.7' },
        subject: undefined,
        details: { code: 'AUTH_TOKEN_UNKNOWN', count: 999, since: '2027-01-31T12:00:00.000Z' },
      },
    ]);
  });

  it('are counted like this whoever it is, and limits that are exceeded are, too', async () => {
    const { log, readAll } = setUp();
    const exceeded: AuditEvent = {
      type: 'limit.exceeded',
      actor: { id: 'AAAAAAAA', address: '203.0.113.7' },
      details: { code: 'LIMIT_EXCEEDED' },
    };
    for (let index = 0; index < 100; index++) log.note(exceeded);
    expect((await readAll()).map(({ details }) => details?.count)).toEqual([undefined, 99]);
  });

  it('are counted by address, by code, by type and by token', async () => {
    const { log, readAll } = setUp();
    const sorts = [
      refused('203.0.113.7'),
      refused('203.0.113.8'),
      refused('203.0.113.7', 'AUTH_TOKEN_EXPIRED'),
      refused('203.0.113.7', undefined, { type: 'permission.denied' }),
      refused('203.0.113.7', undefined, { actor: { address: '203.0.113.7', id: 'AAAAAAAA' } }),
    ];
    for (const event of [...sorts, ...sorts, ...sorts]) log.note(event);
    const entries = await readAll();
    expect(entries.length).toBe(10);
    expect(entries.slice(5).map(({ details }) => details?.count)).toEqual([2, 2, 2, 2, 2]);
  });

  it('are written again at once when a minute has passed', async () => {
    const { log, timers, readAll } = setUp();
    log.note(refused('203.0.113.7'));
    expect(timers.running()).toBe(1);
    timers.tick();
    expect(timers.running()).toBe(0);
    log.note(refused('203.0.113.7'));
    expect((await readAll()).map(({ details }) => details?.count)).toEqual([undefined, undefined]);
  });

  it('are written when the log is closed', async () => {
    const { log, readAll, timers } = setUp();
    for (let index = 0; index < 5; index++) log.note(refused('203.0.113.7'));
    const entries = await readAll();
    expect(entries.map(({ details }) => details?.count)).toEqual([undefined, 4]);
    expect(timers.running()).toBe(0);
  });

  it('fill no disk, from however many addresses they come', async () => {
    const { log, readAll } = setUp();
    for (let round = 0; round < 2; round++) {
      for (let index = 0; index < 20_000; index++) log.note(refused(`2001:db8::${index.toString(16)}`));
    }
    const entries = await readAll();
    expect(entries.length).toBe(256 * 2 + 1);
    const counted = entries.reduce((sum, { details }) => sum + Number(details?.count ?? 1), 0);
    expect(counted).toBe(40_000);
    const rest = entries.filter(({ actor }) => actor.address === undefined);
    expect(rest).toMatchObject([{ actor: {}, details: { code: 'AUTH_TOKEN_UNKNOWN', count: 40_000 - 512 } }]);
  });
});
