import { describe, expect, it } from 'vitest';
import {
  type AuthorityEntry,
  attenuateToken,
  createApiKeyFormat,
  createAttenuatedFormat,
  DEFAULT_AUTH_SETTINGS,
  type Derivation,
  type DerivedTokenFormat,
  StoreUnavailableError,
} from '../../src/index.ts';
import { llm } from '../words.ts';
import { CHAT, code, GRANT, setUpVerification } from './verified-auth.ts';

/** A token, a key exchanged for it with a caveat on the way, and a key exchanged for that. */
async function setUpFamily() {
  const world = await setUpVerification();
  const { auth, token, calls, clock } = world;
  const caveat = await auth.verify(await attenuateToken(llm, token, GRANT));
  const child = await auth.exchange({ name: 'child', grant: CHAT }, caveat);
  const grandchild = await auth.exchange({ name: 'grandchild' }, await auth.verify(child.token));
  // What was verified on the way is warm no more.
  clock.advance(1000);
  calls.length = 0;
  return { ...world, caveat, child, grandchild };
}

describe('a key that was derived by exchange', () => {
  it('has the authority of all that it came from, in that order', async () => {
    const { auth, record, caveat, child, grandchild } = await setUpFamily();
    const principal = await auth.verify(grandchild.token);
    expect(principal).toMatchObject({
      id: grandchild.record.id,
      kind: 'api-key',
      rootId: record.id,
      tokenId: grandchild.record.id,
      chain: [record.id, caveat.id, child.record.id, grandchild.record.id],
    });
    expect(principal.authority.map(({ id }) => id)).toEqual(['policy', ...principal.chain]);
    expect(auth.decide(principal, { action: 'embeddings' })).toMatchObject({ allowed: false, source: 'token child' });
  });

  it('hands out what nobody can widen', async () => {
    const { auth, grandchild } = await setUpFamily();
    const { chain, authority } = await auth.verify(grandchild.token);
    expect(() => (chain as string[]).pop()).toThrow(TypeError);
    for (const entry of authority) expect(() => Object.assign(entry, { grant: {} })).toThrow(TypeError);
  });

  it.each(['record', 'caveat', 'child', 'grandchild'] as const)(
    'ends at once when what it came from is revoked: %s',
    async (name) => {
      const world = await setUpFamily();
      const { auth, grandchild } = world;
      await auth.verify(grandchild.token);
      if (name === 'caveat') await auth.revokeSelf(world.caveat);
      else await auth.revoke(name === 'record' ? world.record.id : world[name].record.id, auth.operator());
      await expect(auth.verify(grandchild.token)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
    },
  );

  it('ends within a second when what it came from is revoked elsewhere, and the id of that is told', async () => {
    const { auth, clock, record, grandchild, changeElsewhere } = await setUpFamily();
    const told: string[] = [];
    auth.onRevoked((id) => told.push(id));
    const { chain } = await auth.verify(grandchild.token);
    await changeElsewhere(record.id, { revokedAt: clock().toISOString() });
    clock.advance(999);
    await expect(auth.verify(grandchild.token)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
    expect(told).toEqual([record.id]);
    expect(chain).toContain(record.id);
  });

  it('ends with the earliest end of all that it came from', async () => {
    const { auth, clock, child, grandchild, changeElsewhere } = await setUpFamily();
    const expiresAt = new Date(clock().getTime() + 2000).toISOString();
    await changeElsewhere(child.record.id, { expiresAt });
    clock.advance(1000);
    expect(await auth.verify(grandchild.token)).toMatchObject({ expiresAt });
    clock.advance(1000);
    await expect(auth.verify(grandchild.token)).rejects.toThrow(code('AUTH_TOKEN_EXPIRED'));
  });

  it('is narrowed at once when what it came from is', async () => {
    const { auth, record, grandchild } = await setUpFamily();
    await auth.verify(grandchild.token);
    await auth.edit(record.id, { grant: { actions: [] } }, auth.operator());
    const principal = await auth.verify(grandchild.token);
    expect(auth.decide(principal, { action: 'chat' })).toMatchObject({ allowed: false, source: 'token ci-bot' });
  });

  it('is not known when what it came from is not', async () => {
    const { auth, grandchild, child, changeElsewhere } = await setUpFamily();
    await changeElsewhere(child.record.id, { parentId: 'nobody' });
    await expect(auth.verify(grandchild.token)).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
  });

  it('is not known when it came from itself', async () => {
    const { auth, calls, record, grandchild, changeElsewhere } = await setUpFamily();
    await changeElsewhere(record.id, { parentId: grandchild.record.id });
    await expect(auth.verify(grandchild.token)).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
    // One more makes all refusals alike.
    expect(calls).toHaveLength(16 + 1);
  });

  it.each([
    [[{ grant: { actions: ['*'], from: 'the future' }, source: 'caveat' }]],
    [[{ grant: { actions: ['*'] } }, 'all']],
    [{}],
    [null],
  ])('may do nothing when the caveats on the way to it cannot be read: %j', async (caveats) => {
    const { auth, child, changeElsewhere } = await setUpFamily();
    await changeElsewhere(child.record.id, { caveats: caveats as unknown as readonly AuthorityEntry[] });
    const principal = await auth.verify(child.token);
    expect(auth.decide(principal, { action: 'chat' })).toMatchObject({ allowed: false, rule: 'actions' });
  });

  it('counts as used, and so does all that it came from', async () => {
    const { auth, clock, record, child, grandchild } = await setUpFamily();
    clock.advance(100_000);
    await auth.verify(grandchild.token);
    for (const { id } of [record, child.record, grandchild.record]) {
      expect((await auth.show(id, auth.operator())).lastUsedAt).toBe(clock().toISOString());
    }
  });
});

describe('what verification reads', () => {
  it('is one record for a key, each for what it came from, and each for what may have been ended by itself', async () => {
    const { auth, token, child, grandchild, calls } = await setUpFamily();
    for (const [text, reads] of [
      [token, 1],
      [child.token, 3],
      [grandchild.token, 4],
      [await attenuateToken(llm, token, CHAT), 2],
    ] as const) {
      await auth.verify(text);
      await auth.verify(text);
      expect(calls).toEqual(Array(reads).fill('find'));
      calls.length = 0;
    }
  });
});

describe('a kind that is switched off', () => {
  it('stops working at once, kept warm or not, and works again when it is switched on', async () => {
    const { auth, token, off, calls } = await setUpVerification();
    await auth.verify(token);
    off.add('api-key');
    calls.length = 0;
    await expect(auth.verify(token)).rejects.toThrow(code('AUTH_TOKEN_KIND_DISABLED'));
    expect(calls).toEqual([]);
    off.clear();
    expect(await auth.verify(token)).toMatchObject({ name: 'ci-bot' });
  });

  it('takes with it what was derived from it, kept warm or not', async () => {
    const { auth, off } = await setUpVerification();
    const legacy = await auth.issue({ name: 'old', kind: 'legacy', grant: GRANT }, auth.operator());
    const key = await auth.exchange({}, await auth.verify(legacy.token));
    const texts = [
      key.token,
      await attenuateToken(llm, legacy.token, CHAT),
      await attenuateToken(llm, key.token, CHAT),
    ];
    for (const text of texts) await auth.verify(text);
    off.add('legacy');
    for (const text of texts) await expect(auth.verify(text)).rejects.toThrow(code('AUTH_TOKEN_KIND_DISABLED'));
  });

  it('takes with it the keys that were exchanged for one that nobody stores', async () => {
    const { auth, off, child, grandchild } = await setUpFamily();
    for (const { token } of [child, grandchild]) await auth.verify(token);
    off.add('attenuated');
    for (const { token } of [child, grandchild]) {
      await expect(auth.verify(token)).rejects.toThrow(code('AUTH_TOKEN_KIND_DISABLED'));
    }
  });

  it('is told only to who has a key, where any text may be one', async () => {
    const { auth, off } = await setUpVerification();
    const secret = 'kT7-wQ2/zN9_bR4+mV6p';
    await auth.issue({ name: 'mine', kind: 'custom', secret, grant: GRANT }, auth.operator());
    off.add('custom');
    await expect(auth.verify(secret)).rejects.toThrow(code('AUTH_TOKEN_KIND_DISABLED'));
    await expect(auth.verify(`${secret}x`)).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
  });

  it('is also one that is not served here', async () => {
    const { auth, store } = await setUpVerification();
    const legacy = await auth.issue({ name: 'old', kind: 'legacy', grant: GRANT }, auth.operator());
    const key = await auth.exchange({}, await auth.verify(legacy.token));
    const { auth: other } = await setUpVerification({ store, formats: [createApiKeyFormat(llm)] });
    await expect(other.verify(key.token)).rejects.toThrow(code('AUTH_TOKEN_KIND_DISABLED'));
  });

  it.each([
    ['that fail', new Error('no disk')],
    ['that fail with a reason', new StoreUnavailableError(new Error('no disk'))],
  ])('is every one with settings %s, kept warm or not', async (_, failure) => {
    let failing = false;
    const { auth, token } = await setUpVerification({
      settings: () => {
        if (failing) throw failure;
        return DEFAULT_AUTH_SETTINGS;
      },
    });
    for (let time = 0; time < 2; time++) {
      failing = false;
      expect(await auth.verify(token)).toMatchObject({ name: 'ci-bot' });
      failing = true;
      await expect(auth.verify(token)).rejects.toThrow(code('AUTH_STORE_UNAVAILABLE'));
    }
  });
});

describe('a format of derived tokens', () => {
  const format = (derivation: Partial<Derivation>, id: () => string): DerivedTokenFormat => ({
    type: 'derived',
    kind: 'access',
    matches: (text) => text === 'derived',
    prove: async () => ({ parentId: id(), ids: ['at_1'], entries: [], ...derivation }),
  });

  async function setUpDerived(derivation: Partial<Derivation>) {
    let id = '';
    const world = await setUpVerification({
      formats: [createApiKeyFormat(llm), createAttenuatedFormat(llm), format(derivation, () => id)],
    });
    id = world.record.id;
    return world;
  }

  it('may have ids without entries; each of them ends the token', async () => {
    const { auth, record } = await setUpDerived({ ids: ['at_0', 'at_1'] });
    const principal = await auth.verify('derived');
    expect(principal).toMatchObject({ id: 'at_1', tokenId: record.id, chain: [record.id, 'at_0', 'at_1'] });
    await auth.revokeSelf(principal);
    await expect(auth.verify('derived')).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
  });

  it('may have ids of any shape', async () => {
    const { auth, record } = await setUpDerived({ ids: ['unlike-any-other'] });
    expect(await auth.verify('derived')).toMatchObject({ chain: [record.id, 'unlike-any-other'] });
  });

  it('may have entries that count for nobody', async () => {
    const { auth, record } = await setUpDerived({ entries: [{ grant: { actions: [] }, source: 'request' }] });
    const principal = await auth.verify('derived');
    expect(principal.chain).toEqual([record.id, 'at_1']);
    expect(auth.decide(principal, { action: 'chat' })).toMatchObject({ allowed: false, source: 'request' });
  });

  it.each(['2000-01-01T00:00:00Z', 'soon'])('lets nobody in after the end that it tells: %s', async (expiresAt) => {
    const { auth } = await setUpDerived({ expiresAt });
    await expect(auth.verify('derived')).rejects.toThrow(code('AUTH_TOKEN_EXPIRED'));
  });

  it('lets nobody in when there is no parent', async () => {
    const { auth } = await setUpDerived({ parentId: 'nobody' });
    await expect(auth.verify('derived')).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
  });

  it('binds to the project that it tells where the parent is bound to none', async () => {
    const { auth, record, changeElsewhere, clock } = await setUpDerived({ project: 'web' });
    expect(await auth.verify('derived')).toMatchObject({ project: 'web' });
    await changeElsewhere(record.id, { project: 'other' });
    clock.advance(500);
    expect(await auth.verify('derived')).toMatchObject({ project: 'other' });
  });
});
