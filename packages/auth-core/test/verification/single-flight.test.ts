import { describe, expect, it, vi } from 'vitest';
import { DEFAULT_AUTH_SETTINGS } from '../../src/index.ts';
import { createCountingStore } from '../counting-store.ts';
import { code, setUpVerification } from './verified-auth.ts';

/** A store whose looks wait until they are let go on. */
async function setUp(options: { readonly cacheMilliseconds?: number } = {}) {
  const { store, calls } = createCountingStore();
  const waiting: (() => void)[] = [];
  let isSlow = false;
  const slow: typeof store = {
    ...store,
    async find(id) {
      const found = await store.find(id);
      if (isSlow) await new Promise<void>((resolve) => void waiting.push(resolve));
      return found;
    },
  };
  let settings = DEFAULT_AUTH_SETTINGS;
  const world = await setUpVerification({ store: slow, settings: () => settings, ...options });
  calls.length = 0;
  isSlow = true;
  return {
    ...world,
    looks: () => calls.filter((name) => name === 'find').length,
    disable() {
      settings = { ...settings, kinds: { ...settings.kinds, 'api-key': false } };
    },
    /** Lets later looks go on at once. */
    holdNone() {
      isSlow = false;
    },
    /** Lets the looks that wait, and those after them, go on. */
    goOn() {
      isSlow = false;
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
}

describe('verifications of one token at once', () => {
  it('share one look into the store', async () => {
    const { auth, token, looks, goOn } = await setUp();
    const verifying = Array.from({ length: 500 }, () => auth.verify(token));
    await expect.poll(looks).toBe(1);
    goOn();
    const principals = await Promise.all(verifying);
    expect(principals.every(({ name }) => name === 'ci-bot')).toBe(true);
    expect(looks()).toBe(1);
  });

  it('share a refusal', async () => {
    const { auth, token, looks, goOn } = await setUp();
    const unknown = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
    const verifying = Array.from({ length: 50 }, () => auth.verify(unknown));
    goOn();
    for (const { status } of await Promise.allSettled(verifying)) expect(status).toBe('rejected');
    // The second look of a refusal is there for its time.
    expect(looks()).toBeLessThanOrEqual(2);
  });

  it('share none that has become older than an answer from the cache may be', async () => {
    const { auth, token, looks, clock, goOn } = await setUp();
    const first = auth.verify(token);
    clock.advance(499);
    const second = auth.verify(token);
    expect(looks()).toBe(1);
    clock.advance(1);
    const third = auth.verify(token);
    expect(looks()).toBe(2);
    clock.advance(-600);
    const fourth = auth.verify(token);
    expect(looks()).toBe(3);
    goOn();
    await Promise.all([first, second, third, fourth]);
  });

  it('share none where nothing may be cached', async () => {
    const { auth, token, looks, goOn } = await setUp({ cacheMilliseconds: 0 });
    const verifying = [auth.verify(token), auth.verify(token)];
    expect(looks()).toBe(2);
    goOn();
    await Promise.all(verifying);
  });

  it('share none that began before a revocation', async () => {
    const { auth, token, record, looks, holdNone, goOn } = await setUp();
    const before = auth.verify(token);
    await expect.poll(looks).toBe(1);
    holdNone();
    await auth.revoke(record.id, auth.operator());
    await expect(auth.verify(token)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
    goOn();
    await Promise.allSettled([before]);
  });

  it('end with the kind of the token, when it is switched off meanwhile', async () => {
    const { auth, token, disable, goOn } = await setUp();
    const verifying = [auth.verify(token), auth.verify(token)];
    const [first, second] = verifying.map((principal) =>
      expect(principal).rejects.toThrow(code('AUTH_TOKEN_KIND_DISABLED')),
    );
    disable();
    goOn();
    await Promise.all([first, second]);
  });
});

describe('a store that never answers', () => {
  it('ends no verification without a word', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { auth, token, goOn } = await setUp();
      const refused = expect(auth.verify(token)).rejects.toThrow(code('AUTH_STORE_UNAVAILABLE'));
      await vi.advanceTimersByTimeAsync(20_000);
      await refused;
      goOn();
    } finally {
      vi.useRealTimers();
    }
  });
});
