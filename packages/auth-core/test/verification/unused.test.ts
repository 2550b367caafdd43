import { describe, expect, it } from 'vitest';
import {
  attenuateToken,
  createApiKeyFormat,
  createAttenuatedFormat,
  createAuth,
  createMemoryTokenStore,
  DEFAULT_AUTH_SETTINGS,
  defineVocabulary,
  StoreUnavailableError,
} from '../../src/index.ts';
import { fixedClock } from '../../src/testing/index.ts';

const vocabulary = defineVocabulary({ actions: [] });
const DAY = 86_400_000;
const grant = { actions: ['usage:read', 'tokens:read', 'tokens:write'] } as const;
const EXPIRED = { code: 'AUTH_TOKEN_EXPIRED' };

function setUp(unusedTokenSeconds?: () => number | undefined) {
  const clock = fixedClock('2027-01-01T00:00:00Z');
  const store = createMemoryTokenStore();
  const settings = () => {
    const seconds = unusedTokenSeconds === undefined ? 90 * 86_400 : unusedTokenSeconds();
    return { ...DEFAULT_AUTH_SETTINGS, ...(seconds !== undefined && { unusedTokenSeconds: seconds }) };
  };
  const open = () =>
    createAuth({
      vocabulary,
      store,
      digestKey: new Uint8Array(32).fill(3),
      formats: [createApiKeyFormat(), createAttenuatedFormat()],
      clock,
      settings,
      cacheMilliseconds: 0,
    });
  const auth = open();
  const issue = () => auth.issue({ name: 'ci', grant }, auth.operator());
  return { auth, clock, open, issue, store };
}

describe('a token that nothing uses', () => {
  it('expires by itself after the time of the settings, counted from its last use', async () => {
    const { auth, clock, issue } = setUp();
    const [used, unused] = [await issue(), await issue()];
    clock.advance(60 * DAY);
    await auth.verify(used.token);
    clock.advance(30 * DAY);
    await auth.verify(used.token);
    clock.advance(60_000);
    await expect(auth.verify(unused.token)).rejects.toMatchObject(EXPIRED);
    clock.advance(90 * DAY - 60_001);
    await auth.verify(used.token);
    clock.advance(90 * DAY + 60_000);
    await expect(auth.verify(used.token)).rejects.toMatchObject(EXPIRED);
  });

  it('is not kept by attempts to use it after that', async () => {
    const { auth, clock, issue } = setUp();
    const { token } = await issue();
    clock.advance(91 * DAY);
    for (const _ of [1, 2]) {
      await expect(auth.verify(token)).rejects.toMatchObject(EXPIRED);
      await auth.list(auth.operator());
    }
  });

  it('is in use where another process, or a token derived from it, is used', async () => {
    const { auth, clock, open, issue } = setUp();
    const [elsewhere, above] = [await issue(), await issue()];
    const derived = await attenuateToken(vocabulary, above.token, grant);
    clock.advance(60 * DAY);
    const other = open();
    await other.verify(elsewhere.token);
    await other.verify(derived);
    // A listing writes the times of use that the process has not written yet.
    await other.list(other.operator());
    clock.advance(60 * DAY);
    await auth.verify(elsewhere.token);
    await auth.verify(above.token);
    clock.advance(91 * DAY);
    await expect(auth.verify(derived)).rejects.toMatchObject(EXPIRED);
  });

  it('is in use also while its last use is not stored yet', async () => {
    const { auth, clock, open, issue } = setUp();
    const { token } = await issue();
    clock.advance(DAY);
    await auth.verify(token);
    clock.advance(20_000);
    await auth.verify(token);
    clock.advance(90 * DAY - 10_000);
    expect((await open().verify(token)).name).toBe('ci');
  });

  it('ends what a verified principal does later, too', async () => {
    const { auth, clock, issue } = setUp();
    const by = await auth.verify((await issue()).token);
    await auth.issue({ name: 'made', grant }, by);
    clock.advance(91 * DAY);
    await expect(auth.issue({ name: 'made later', grant }, by)).rejects.toMatchObject(EXPIRED);
  });

  it('gets its time again with a new secret from the operator', async () => {
    const { auth, clock, issue } = setUp();
    const { record } = await issue();
    clock.advance(91 * DAY);
    const { token } = await auth.rotate(record.id, { overlap: { seconds: 0 } }, auth.operator());
    clock.advance(89 * DAY);
    expect((await auth.verify(token)).tokenId).toBe(record.id);
  });

  it('never ends by that unless the settings say so, and each time by the settings as they are', async () => {
    let seconds: number | undefined;
    const { auth, clock, issue } = setUp(() => seconds);
    const { token } = await issue();
    clock.advance(1000 * DAY);
    const verify = () => auth.verify(token);
    await verify();
    clock.advance(2 * DAY);
    seconds = 86_400;
    await expect(verify()).rejects.toMatchObject(EXPIRED);
    seconds = Number.NaN;
    await expect(verify()).rejects.toMatchObject(EXPIRED);
    seconds = 3 * 86_400;
    await verify();
  });

  it.each([
    ['an error of the host', () => new Error('no settings')],
    ['an error of the library', () => new StoreUnavailableError(new Error('no settings'))],
  ])('is refused while the settings cannot be read, whichever look at them fails: %s', async (_, failure) => {
    let looks = Number.POSITIVE_INFINITY;
    let left = 0;
    const { auth, issue } = setUp(() => {
      left = looks--;
      if (left === 0) throw failure();
      return undefined;
    });
    const { token } = await issue();
    let failed = 0;
    for (let before = 0; ; before++) {
      looks = before;
      const refused = await auth.verify(token).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (refused === undefined) break;
      expect(refused).toMatchObject({ code: 'AUTH_STORE_UNAVAILABLE' });
      failed++;
    }
    expect(failed).toBeGreaterThan(2);
  });

  it('is refused when the time at which it was made cannot be read', async () => {
    const { auth, issue, store } = setUp();
    const { token, record } = await issue();
    const found = await store.find(record.id);
    if (found === undefined) throw new Error('there is no such token');
    await store.update({ ...found, createdAt: 'long ago', version: found.version + 1 }, found.version);
    await expect(auth.verify(token)).rejects.toMatchObject(EXPIRED);
  });
});
