import { describe, expect, it } from 'vitest';
import { createAuditChain, FIRST_HEAD } from '../../src/audit/audit-chain.ts';
import { type AuditStore, createAuditLog, createMemoryAuditStore } from '../../src/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { type Content, createTamperedStore, openSqlStore } from './places.ts';

const [OLD, NEW, NEWER] = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];
const actor = { id: 'local:operator', name: 'operator' };

const open = (store: AuditStore, ...key: Uint8Array[]) => createAuditLog({ store, key, clock: fixedClock() });

async function write(store: AuditStore, count: number, ...key: Uint8Array[]): Promise<void> {
  const log = open(store, ...key);
  for (let index = 0; index < count; index++) await log.record({ type: 'token.issued', actor, subject: `t${index}` });
}

/** A log of two keys, anchored under the newer one. */
async function writeAnchored(store: AuditStore): Promise<void> {
  await write(store, 3, OLD);
  await write(store, 2, NEW, OLD);
  await open(store, NEW, OLD).anchor({ actor });
  await write(store, 1, NEW);
}

describe.each([
  ['memory', async () => ({ store: createMemoryAuditStore(), close: async () => undefined })],
  ['SQLite', openSqlStore],
])('an audit log in %s whose key was changed', (_, place) => {
  it('names the key of each entry', async () => {
    const { store, close } = await place();
    await write(store, 1, OLD);
    await write(store, 1, NEW, OLD);
    const ids = (await store.read({ limit: 10 })).map(({ keyId }) => keyId);
    expect(ids).toEqual([expect.stringMatching(/^[0-9a-f]{8}$/), expect.stringMatching(/^[0-9a-f]{8}$/)]);
    expect(new Set(ids).size).toBe(2);
    await close();
  });

  it('goes on, and is verified as a whole with both keys', async () => {
    const { store, close } = await place();
    await write(store, 3, OLD);
    await write(store, 2, NEW, OLD);
    expect(await open(store, NEW, OLD).verify()).toMatchObject({ intact: true, entries: 5 });
    await close();
  });

  it('needs the former key until it was anchored, and not afterwards', async () => {
    const { store, close } = await place();
    await write(store, 3, OLD);
    await expect(open(store, NEW).check()).rejects.toMatchObject({ code: 'AUTH_AUDIT_UNAVAILABLE' });
    await write(store, 1, NEW, OLD);
    expect(await open(store, NEW).verify()).toMatchObject({ intact: false });
    await open(store, NEW, OLD).anchor({ actor });
    expect(await open(store, NEW).verify()).toMatchObject({ intact: true, entries: 5 });
    await write(store, 1, NEW);
    await close();
  });

  it('is verified after a second change, with the newest key alone', async () => {
    const { store, close } = await place();
    await writeAnchored(store);
    await write(store, 1, NEWER, NEW);
    await open(store, NEWER, NEW).anchor({ actor });
    expect(await open(store, NEWER).verify()).toMatchObject({ intact: true, entries: 9 });
    await close();
  });

  it('is trimmed with the present key alone', async () => {
    const { store, close } = await place();
    await writeAnchored(store);
    const log = open(store, NEW);
    expect(await log.trim({ keep: 3, actor })).toBe(5);
    expect(await log.verify()).toMatchObject({ intact: true, entries: 3 });
    await close();
  });

  it('is verified after an anchor by an actor with any name', async () => {
    const { store, close } = await place();
    await write(store, 3, OLD);
    await write(store, 1, NEW, OLD);
    const name = `\ud800 \u0000 ${'x'.repeat(300)}`;
    await open(store, NEW, OLD).anchor({ actor: { id: 'AAAAAAAA', name } });
    const log = open(store, NEW);
    expect(await log.verify()).toMatchObject({ intact: true, entries: 5 });
    expect((await log.list()).at(-1)?.actor.name).toHaveLength(200);
    await close();
  });

  it('is not anchored when an entry is not as it was written', async () => {
    const { store, close } = await place();
    await write(store, 3, OLD);
    const forged = createTamperedStore(store, ({ entries }) => {
      entries[1] = { ...entries[1]!, subject: 'other' };
    });
    await expect(open(forged, NEW, OLD).anchor({ actor })).rejects.toMatchObject({ code: 'AUTH_AUDIT_UNAVAILABLE' });
    await close();
  });
});

/** What a thief of the former key can write into a store, with entries that this key signs. */
const FORGERIES: [string, (content: Content, forged: Content) => void, number][] = [
  [
    'an entry before the anchor',
    ({ entries }, forged) => {
      entries[1] = forged.entries[1]!;
    },
    3,
  ],
  [
    'all entries before the anchor',
    ({ entries }, forged) => {
      for (let index = 0; index < 3; index++) entries[index] = forged.entries[index]!;
    },
    4,
  ],
  [
    'the whole log, with its end',
    (content, forged) => {
      Object.assign(content, forged);
    },
    1,
  ],
  [
    'an entry after the anchor',
    ({ entries }, forged) => {
      entries.push({ ...forged.entries[7]!, seq: 8 });
    },
    8,
  ],
];

describe('who has the former key of a log, and can write its database', () => {
  it.each(FORGERIES)('cannot forge %s', async (_, forge, at) => {
    const [store, thiefs] = [createMemoryAuditStore(), createMemoryAuditStore()];
    await writeAnchored(store);
    const log = open(thiefs, OLD);
    for (let index = 0; index < 8; index++) await log.record({ type: 'token.revoked', actor, subject: `t${index}` });
    const content = async (from: AuditStore): Promise<Content> => ({
      entries: await from.read({ limit: 100 }),
      head: await from.head(),
      checkpoints: [],
    });
    const forged = await content(thiefs);
    const found = await open(
      createTamperedStore(store, (own) => forge(own, forged)),
      NEW,
    ).verify();
    expect(found).toMatchObject({ intact: false });
    expect(found.intact ? undefined : found.brokenAt).toBeLessThanOrEqual(at);
  });

  it.each([false, true])('cannot continue it after the anchor; with an end of its own: %j', async (withHead) => {
    const store = createMemoryAuditStore();
    await writeAnchored(store);
    const head = (await store.head()) ?? FIRST_HEAD;
    const event = { type: 'token.revoked', actor };
    const forged = await createAuditChain(OLD).extend({ start: FIRST_HEAD, head }, [
      { at: '2027-01-01T00:00:00.000Z', event },
    ]);
    const continued = createTamperedStore(store, (content) => {
      content.entries.push(...forged.entries);
      if (withHead) content.head = forged.head;
    });
    expect(await open(continued, NEW).verify()).toMatchObject({ intact: false, brokenAt: 8 });
  });

  it('cannot continue an export that ends before the anchor', async () => {
    const [store, thiefs] = [createMemoryAuditStore(), createMemoryAuditStore()];
    for (const each of [store, thiefs]) await write(each, 3, OLD);
    await open(store, NEW, OLD).anchor({ actor });
    await write(thiefs, 2, OLD);
    const log = open(store, NEW);
    const pages = async function* (limit: number) {
      yield await thiefs.read({ limit });
    };
    expect(await log.verifyExport(pages(3))).toMatchObject({ intact: true, entries: 3 });
    expect(await log.verifyExport(pages(5))).toMatchObject({ intact: false, brokenAt: 4, problem: 'changed' });
  });

  it('cannot make a checkpoint after the anchor: all else is still known to be as it was written', async () => {
    const store = createMemoryAuditStore();
    await writeAnchored(store);
    const head = { seq: 9999, hash: FIRST_HEAD.hash };
    const event = { type: 'token.revoked', actor };
    const { checkpoint } = await createAuditChain(OLD).extend({ start: FIRST_HEAD, head }, [
      { at: '2027-01-01T00:00:00.000Z', event },
    ]);
    const marked = createTamperedStore(store, ({ checkpoints }) => {
      checkpoints.push(checkpoint!);
    });
    expect(await open(marked, NEW).verify()).toMatchObject({ intact: false, brokenAt: 10_000, problem: 'checkpoint' });
  });

  it('cannot put it back to the end that it had before the anchor, under a process that has verified it', async () => {
    const [store, before] = [createMemoryAuditStore(), createMemoryAuditStore()];
    for (const each of [store, before]) await write(each, 3, OLD);
    await open(store, NEW, OLD).anchor({ actor });
    let now = store;
    const log = open(
      {
        ...store,
        append: (...entries) => now.append(...entries),
        read: (query) => now.read(query),
        head: () => now.head(),
        checkpoints: () => now.checkpoints(),
      },
      NEW,
    );
    expect(await log.verify()).toMatchObject({ intact: true, entries: 4 });
    now = before;
    const refused = { code: 'AUTH_AUDIT_UNAVAILABLE' };
    await expect(log.check()).rejects.toMatchObject(refused);
    await expect(log.record({ type: 'token.issued', actor })).rejects.toMatchObject(refused);
    expect(await before.read({ limit: 10 })).toHaveLength(3);
  });

  it('does not find that key in the log', async () => {
    const store = createMemoryAuditStore();
    await writeAnchored(store);
    const text = JSON.stringify(await store.read({ limit: 100 }));
    for (const key of [OLD, NEW]) expect(text).not.toContain(Buffer.from(key).toString('hex'));
  });
});
