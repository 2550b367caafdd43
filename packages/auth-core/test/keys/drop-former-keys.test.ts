import { describe, expect, it } from 'vitest';
import {
  createAuditLog,
  createAuth,
  createMemoryAuditStore,
  createMemoryTokenStore,
  createSealer,
  type TokenStore,
} from '../../src/index.ts';
import { createMemorySigningKeyStore, createSigningKeys } from '../../src/jwt/index.ts';
import { dropFormerKeys } from '../../src/keys/index.ts';
import { fixedClock } from '../../src/testing/index.ts';

const [OLD, NEW] = [1, 2].map((fill) => new Uint8Array(32).fill(fill)) as [Uint8Array, Uint8Array];
const RING = [NEW, OLD];
const clock = fixedClock();

async function setUp() {
  const [store, auditStore, signingKeys] = [
    createMemoryTokenStore(),
    createMemoryAuditStore(),
    createMemorySigningKeyStore(),
  ];
  const open = (...digestKey: Uint8Array[]) => createAuth({ store, digestKey, clock, cacheMilliseconds: 0 });
  const log = (...key: Uint8Array[]) => createAuditLog({ store: auditStore, key, clock });
  const keys = (...key: Uint8Array[]) => createSigningKeys({ store: signingKeys, sealer: createSealer(key), clock });
  const before = open(OLD);
  await log(OLD).record({ type: 'began', actor: {} });
  const { kid } = await keys(OLD).signer();
  const { token, record } = await before.issue({ name: 'ci', grant: { actions: ['usage:read'] } }, before.operator());
  return { store, auditStore, signingKeys, open, log, keys, kid, token, id: record.id };
}

const options = ({ store, signingKeys, log }: Awaited<ReturnType<typeof setUp>>, own: TokenStore = store) => ({
  store: own,
  signingKeys,
  digestKey: RING,
  audit: log(...RING),
  clock,
});

describe('dropFormerKeys', () => {
  it('refuses while a token needs a former key, and changes nothing', async () => {
    const place = await setUp();
    const head = await place.auditStore.head();
    await expect(dropFormerKeys(options(place))).rejects.toMatchObject({
      code: 'AUTH_CONFLICT',
      message: expect.stringMatching(/^1 token needs the former key [0-9a-f]{8}\./),
    });
    expect(await place.auditStore.head()).toEqual(head);
  });

  it('leaves tokens, signing keys and the log to the present key', async () => {
    const place = await setUp();
    await place.open(...RING).verify(place.token);
    expect(await dropFormerKeys(options(place))).toEqual([{ id: expect.any(String), isCurrent: false, tokens: 0 }]);
    expect(await place.open(NEW).verify(place.token)).toMatchObject({ id: place.id });
    expect((await place.keys(NEW).signer()).kid).toBe(place.kid);
    expect(await place.log(NEW).verify()).toMatchObject({ intact: true, entries: 2 });
  });

  it('drops keys that are needed when it is forced, and says for how many tokens', async () => {
    const place = await setUp();
    expect(await dropFormerKeys({ ...options(place), force: true })).toMatchObject([{ tokens: 1 }]);
    await expect(place.open(NEW).verify(place.token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
  });

  it('does not count tokens that have ended', async () => {
    const place = await setUp();
    const auth = place.open(...RING);
    await auth.revoke(place.id, auth.operator());
    expect(await dropFormerKeys(options(place))).toHaveLength(1);
  });

  it('drops no key when the log is not as it was written', async () => {
    const place = await setUp();
    await place.open(...RING).verify(place.token);
    const { store, ...rest } = options(place);
    const audit = createAuditLog({ store: place.auditStore, key: NEW, clock });
    await expect(dropFormerKeys({ ...rest, store, audit })).rejects.toMatchObject({ code: 'AUTH_AUDIT_UNAVAILABLE' });
    await expect(place.open(NEW).keys()).rejects.toMatchObject({ code: 'AUTH_STORE_UNAVAILABLE' });
  });

  it('drops no key that signing keys need which their store cannot seal again, unless it is forced', async () => {
    const place = await setUp();
    await place.open(...RING).verify(place.token);
    const { update: _, ...signingKeys } = place.signingKeys;
    const refused = dropFormerKeys({ ...options(place), signingKeys });
    await expect(refused).rejects.toMatchObject({ code: 'AUTH_CONFLICT' });
    expect((await place.keys(...RING).signer()).kid).toBe(place.kid);
    expect(await dropFormerKeys({ ...options(place), signingKeys, force: true })).toHaveLength(1);
  });

  it('drops no key when another process has begun with a newer one meanwhile', async () => {
    const place = await setUp();
    await place.open(...RING).verify(place.token);
    const newer = new Uint8Array(32).fill(3);
    const audit = {
      async anchor() {
        await place.open(newer, ...RING).verify(place.token);
        return place.log(...RING).anchor();
      },
    };
    await expect(dropFormerKeys({ ...options(place), audit })).rejects.toMatchObject({
      code: 'AUTH_STORE_UNAVAILABLE',
      cause: { name: 'WrongKeyError' },
    });
    expect((await place.store.readKeys?.())?.ids).toHaveLength(3);
  });

  /** The steps that write, counted in a run that succeeds. */
  async function countWrites(fail: number) {
    const place = await setUp();
    await place.open(...RING).verify(place.token);
    let writes = 0;
    const failing = <Store extends object>(store: Store, names: readonly (keyof Store)[]): Store => {
      const wrapped = { ...store };
      for (const name of names) {
        const method = store[name] as (...args: unknown[]) => Promise<unknown>;
        wrapped[name] = (async (...args: unknown[]) => {
          const answer = writes++ === fail ? undefined : await method(...args);
          if (answer === undefined && writes === fail + 1) throw new Error('away');
          return answer;
        }) as Store[typeof name];
      }
      return wrapped;
    };
    const audit = createAuditLog({ store: failing(place.auditStore, ['append']), key: RING, clock });
    const outcome = await dropFormerKeys({
      store: failing(place.store, ['replaceKeys']),
      signingKeys: failing(place.signingKeys, ['update']),
      digestKey: RING,
      audit,
      clock,
    }).catch((error: unknown) => error);
    return { place, outcome, writes };
  }

  it('can be interrupted at each write: the whole ring goes on, and a second call ends it', async () => {
    const { writes } = await countWrites(Number.POSITIVE_INFINITY);
    expect(writes).toBeGreaterThanOrEqual(3);
    for (let step = 0; step < writes; step++) {
      const { place, outcome } = await countWrites(step);
      expect(outcome, `write ${step}`).toBeInstanceOf(Error);
      const auth = place.open(...RING);
      expect(await auth.verify(place.token), `write ${step}`).toMatchObject({ id: place.id });
      expect((await place.keys(...RING).signer()).kid).toBe(place.kid);
      expect(await place.log(...RING).verify()).toMatchObject({ intact: true });
      await dropFormerKeys(options(place));
      expect(await place.open(NEW).verify(place.token)).toMatchObject({ id: place.id });
      expect((await place.keys(NEW).signer()).kid).toBe(place.kid);
      expect(await place.log(NEW).verify()).toMatchObject({ intact: true });
    }
  });
});
