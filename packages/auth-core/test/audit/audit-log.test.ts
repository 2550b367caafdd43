import { createHmac, hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type AuditEvent, type AuditStore, createAuditLog, createMemoryAuditStore } from '../../src/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { openSqlStore } from './places.ts';

const key = new Uint8Array(32).fill(7);

function setUp(store: AuditStore = createMemoryAuditStore()) {
  const clock = fixedClock('2027-01-31T12:00:00Z');
  return { clock, store, log: createAuditLog({ store, key, clock }) };
}

const issued = (subject: string, rest: Partial<AuditEvent> = {}): AuditEvent => ({
  type: 'token.issued',
  actor: { id: 'AAAAAAAA', name: 'ada' },
  subject,
  ...rest,
});

/** A store that counts what is appended at a time. */
function countAppends(store: AuditStore) {
  const sizes: number[] = [];
  const counting: AuditStore = {
    ...store,
    append: (chain) =>
      store.append(async (head, read) => {
        const batch = await chain(head, read);
        sizes.push(batch.entries.length);
        return batch;
      }),
  };
  return { sizes, counting };
}

/** A store that fails as long as it is told to. */
function breakable() {
  const store = createMemoryAuditStore();
  const state = { broken: false };
  const append: AuditStore['append'] = (chain) =>
    state.broken ? Promise.reject(new Error('disk on fire: /var/lib/secret.db')) : store.append(chain);
  return { state, store: { ...store, append } };
}

const unavailable = expect.objectContaining({ code: 'AUTH_AUDIT_UNAVAILABLE' });
const unreadable = expect.objectContaining({ code: 'AUTH_STORE_UNAVAILABLE' });

describe('record', () => {
  it('adds an entry with its number, its time and the hash of the one before', async () => {
    const { log, clock } = setUp();
    await log.record(issued('BBBBBBBB', { project: 'web', details: { kind: 'api-key' } }));
    clock.advance(1500);
    await log.record({ type: 'token.revoked', actor: {} });
    const [first, second] = await log.list();
    expect(first).toEqual({
      seq: 1,
      at: '2027-01-31T12:00:00.000Z',
      type: 'token.issued',
      actor: { id: 'AAAAAAAA', name: 'ada' },
      project: 'web',
      subject: 'BBBBBBBB',
      details: { kind: 'api-key' },
      keyId: expect.stringMatching(/^[0-9a-f]{8}$/),
      previousHash: '0'.repeat(64),
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(second).toMatchObject({ seq: 2, at: '2027-01-31T12:00:01.500Z', previousHash: first?.hash });
  });

  it('hashes as it is written down: HMAC-SHA-256 over canonical JSON, with a key derived by HKDF', async () => {
    const { log } = setUp();
    await log.record({ type: 'token.issued', actor: { name: 'ada' }, details: { b: 1, a: 'é' } });
    const keyId = Buffer.from(hkdfSync('sha256', key, new Uint8Array(), 'latchkey key id', 4)).toString('hex');
    const text = `entry\n{"actor":{"name":"ada"},"at":"2027-01-31T12:00:00.000Z","details":{"a":"é","b":1},"keyId":"${keyId}","previousHash":"${'0'.repeat(64)}","seq":1,"type":"token.issued"}`;
    const derived = new Uint8Array(hkdfSync('sha256', key, new Uint8Array(), 'latchkey audit', 32));
    const hash = createHmac('sha256', derived).update(text).digest('hex');
    expect((await log.list())[0]?.hash).toBe(hash);
  });

  it('writes together what comes together, in its order', async () => {
    const { sizes, counting } = countAppends(createMemoryAuditStore());
    const { log } = setUp(counting);
    await Promise.all(Array.from({ length: 900 }, (_, index) => log.record(issued(`token ${index}`))));
    expect(sizes).toEqual([500, 400]);
    const subjects = (await log.list({ limit: 1000 })).map(({ subject }) => subject);
    expect(subjects).toEqual(Array.from({ length: 900 }, (_, index) => `token ${index}`));
  });

  it('writes together what comes while others are written', async () => {
    const { sizes, counting } = countAppends(createMemoryAuditStore());
    const { log } = setUp(counting);
    const first = log.record(issued('first'));
    await Promise.resolve();
    await Promise.resolve();
    await Promise.all([first, ...Array.from({ length: 50 }, (_, index) => log.record(issued(`token ${index}`)))]);
    expect(sizes).toEqual([1, 50]);
  });

  it('rejects when the store fails, and works again when the store does', async () => {
    const { state, store } = breakable();
    const { log } = setUp(store);
    state.broken = true;
    await expect(log.record(issued('lost'))).rejects.toThrow(unavailable);
    state.broken = false;
    await log.record(issued('kept'));
    expect((await log.list()).map(({ seq, subject }) => [seq, subject])).toEqual([[1, 'kept']]);
  });

  it('keeps what the event was when it was recorded', async () => {
    const { log } = setUp();
    const details = { tools: ['read'] };
    const recorded = log.record(issued('BBBBBBBB', { details }));
    details.tools.push('write');
    await recorded;
    expect((await log.list())[0]?.details).toEqual({ tools: ['read'] });
    expect(await log.verify()).toMatchObject({ intact: true });
  });
});

describe('an entry', () => {
  it('has texts that are not too long, and shows where they were cut', async () => {
    const { log } = setUp();
    const long = 'x'.repeat(10_000);
    const actor = { id: long, name: long, owner: long, rootId: long, address: long };
    await log.record({ type: long, actor, project: long, subject: long });
    const [entry] = await log.list();
    const name = `${'x'.repeat(199)}…`;
    expect(entry).toMatchObject({
      type: name,
      actor: { id: name, name, owner: name, rootId: name, address: name },
      project: name,
      subject: `${'x'.repeat(511)}…`,
    });
  });

  it('keeps of details that are too long what is short', async () => {
    const { log } = setUp();
    const long = { content: '"é\u0001'.repeat(2000), list: Array.from({ length: 2000 }, () => 7) };
    await log.record(issued('a', { details: { code: 'X', ...long } }));
    const [entry] = await log.list();
    expect(entry?.details).toEqual({
      code: 'X',
      content: `${long.content.slice(0, 199)}…`,
      list: expect.arrayContaining([7, expect.stringMatching(/^… \d+ more$/)]),
    });
  });

  it('has no more than 4096 bytes of details, whatever they are', async () => {
    const { log } = setUp();
    const many = (value: string) =>
      Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`${value}${index}`, value]));
    let deep: AuditEvent['details'] = {};
    for (let level = 0; level < 50_000; level++) deep = { deep };
    for (const details of [many('"'), many('漢'), many('\ud800'), deep]) await log.record(issued('a', { details }));
    for (const { details } of await log.list()) {
      expect(new TextEncoder().encode(JSON.stringify(details)).length).toBeLessThanOrEqual(4096);
      expect(JSON.stringify(details)).toMatch(/"…":"\d+ more"|nested too deeply/);
    }
  });

  it('is found unchanged although a database does not hold every character', async () => {
    const { store, close } = await openSqlStore();
    const { log } = setUp(store);
    const odd = 'a\u0000b\ud800c';
    await log.record({ type: odd, actor: { name: odd }, project: odd, subject: odd, details: { [odd]: odd } });
    expect(await log.verify()).toMatchObject({ intact: true, entries: 1 });
    expect((await log.list())[0]).toMatchObject({ type: 'a\ufffdb\ufffdc', details: { [odd]: odd } });
    await close();
  });

  it('holds details as JSON does, so that they are the same when they are read again', async () => {
    const { store, close } = await openSqlStore();
    const { log } = setUp(store);
    const details = JSON.parse('{"__proto__":{"x":1},"zero":-0,"big":1e400,"tiny":1e-7}');
    await log.record(issued('a', { details: { ...details, nothing: undefined as never, not: Number.NaN } }));
    expect(await log.verify()).toMatchObject({ intact: true, entries: 1 });
    await close();
  });

  it('is one line of JSON', async () => {
    const { log } = setUp();
    await log.record(issued('two\nlines', { details: { text: '\u2028\r\n' } }));
    const [entry] = await log.list();
    const line = JSON.stringify(entry);
    expect(line).not.toMatch(/[\r\n]/);
    expect(JSON.parse(line)).toEqual(entry);
  });
});

describe('list', () => {
  it('gives pages, of 100 entries when nobody says otherwise', async () => {
    const { log } = setUp();
    await Promise.all(Array.from({ length: 250 }, () => log.record(issued('a'))));
    const first = await log.list();
    expect([first.length, first[0]?.seq, first.at(-1)?.seq]).toEqual([100, 1, 100]);
    const next = await log.list({ after: 100, limit: 120 });
    expect([next.length, next[0]?.seq, next.at(-1)?.seq]).toEqual([120, 101, 220]);
    expect(await log.list({ after: 250 })).toEqual([]);
  });

  it('gives what fits all that is asked for', async () => {
    const { log, clock } = setUp();
    await log.record(issued('a', { actor: { id: 'x', rootId: 'y' }, project: 'web' }));
    clock.advance(60_000);
    await log.record(issued('b', { actor: { id: 'y', rootId: 'y' }, type: 'token.revoked' }));
    const seqs = async (options: Parameters<typeof log.list>[0]) => (await log.list(options)).map(({ seq }) => seq);
    expect(await seqs({ type: 'token.revoked' })).toEqual([2]);
    expect(await seqs({ actorId: 'y' })).toEqual([2]);
    expect(await seqs({ rootId: 'y' })).toEqual([1, 2]);
    expect(await seqs({ rootId: 'y', project: 'web' })).toEqual([1]);
    expect(await seqs({ subject: 'b' })).toEqual([2]);
    expect(await seqs({ since: '2027-01-31T14:00:01+02:00' })).toEqual([2]);
    expect(await seqs({ until: '2027-01-31T14:00:01+02:00' })).toEqual([1]);
  });

  it.each([
    ['limit', { limit: 0 }],
    ['limit', { limit: 1001 }],
    ['limit', { limit: 1.5 }],
    ['limit', { limit: Number.NaN }],
    ['after', { after: -1 }],
    ['after', { after: 0.5 }],
    ['since', { since: 'yesterday' }],
    ['until', { until: '2027-02-30T00:00:00Z' }],
  ])('refuses what is not what it must be: %s, %o', async (path, options) => {
    const { log } = setUp();
    await expect(log.list(options)).rejects.toMatchObject({ code: 'AUTH_INPUT_INVALID', path });
  });

  it('fails when the store does', async () => {
    const { log, store } = setUp();
    await store.close();
    await expect(log.list()).rejects.toThrow(unreadable);
    await expect(log.verify()).rejects.toThrow(unreadable);
  });
});

describe('verify', () => {
  it('finds an empty log as it was', async () => {
    const { log } = setUp();
    expect(await log.verify()).toEqual({ intact: true, entries: 0, head: { seq: 0, hash: '0'.repeat(64) } });
  });

  it('reads a long log page by page', async () => {
    const store = createMemoryAuditStore();
    const limits: number[] = [];
    const read: AuditStore['read'] = (query) => {
      limits.push(query.limit);
      return store.read(query);
    };
    const { log } = setUp({ ...store, read });
    await Promise.all(Array.from({ length: 1200 }, () => log.record(issued('a'))));
    const head = { seq: 1200, hash: (await store.head())?.hash };
    expect(await log.verify()).toEqual({ intact: true, entries: 1200, head });
    // The first read looks for anchors.
    expect(limits).toEqual([1000, 1000, 1000]);
  });

  it('is content with a log to which others append meanwhile', async () => {
    const store = createMemoryAuditStore();
    const { log } = setUp(store);
    const other = setUp({
      ...store,
      async read(query) {
        await log.record(issued('meanwhile'));
        return store.read(query);
      },
    });
    await log.record(issued('before'));
    expect(await other.log.verify()).toMatchObject({ intact: true, entries: 3 });
  });

  it('lets several logs with one key append to one store', async () => {
    const { log, store } = setUp();
    const other = setUp(store).log;
    await Promise.all(Array.from({ length: 100 }, (_, index) => (index % 2 ? log : other).record(issued('a'))));
    expect(await log.verify()).toMatchObject({ intact: true, entries: 100 });
    expect(await other.verify()).toMatchObject({ intact: true, entries: 100 });
  });
});

describe('digest', () => {
  it('is the same for equal values, and says nothing to those who have not the key', async () => {
    const { log } = setUp();
    const digest = await log.digest({ path: '/srv', list: [1, 2] });
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(await log.digest({ list: [1, 2], path: '/srv' })).toBe(digest);
    expect(await log.digest({ list: [2, 1], path: '/srv' })).not.toBe(digest);
    const other = createAuditLog({ store: createMemoryAuditStore(), key: new Uint8Array(32) });
    expect(await other.digest({ path: '/srv', list: [1, 2] })).not.toBe(digest);
  });

  it('is the hash of no entry, so that nobody gets one by calling a tool with it', async () => {
    const { log } = setUp();
    await log.record(issued('a'));
    const { hash, ...rest } = (await log.list())[0]!;
    expect(await log.digest(rest)).not.toBe(hash);
  });
});

describe('close', () => {
  it('writes what waits, and closes the store', async () => {
    const { log, store } = setUp();
    const read = store.read;
    let entries: unknown;
    const { log: closing } = setUp({
      ...store,
      async close() {
        entries = (await read({ limit: 9 })).map(({ subject }) => subject);
        await store.close();
      },
    });
    const recorded = closing.record(issued('recorded'));
    closing.note(issued('noted'));
    await Promise.all([closing.close(), closing.close(), recorded]);
    expect(entries).toEqual(['recorded', 'noted']);
    await expect(log.list()).rejects.toThrow(unreadable);
  });

  it('is the end: later records are refused', async () => {
    const store = createMemoryAuditStore();
    const { log } = setUp({ ...store, close: async () => undefined });
    {
      await using closing = log;
      await closing.record(issued('a'));
    }
    await expect(log.record(issued('b'))).rejects.toThrow(unavailable);
    expect((await store.read({ limit: 9 })).length).toBe(1);
  });
});

it('takes no key that is short', () => {
  expect(() => createAuditLog({ store: createMemoryAuditStore(), key: new Uint8Array(31) })).toThrow(TypeError);
});
