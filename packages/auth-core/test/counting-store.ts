import { createMemoryTokenStore, type TokenStore } from '../src/index.ts';

/** A store in memory that notes each call, and fails on demand. */
export function createCountingStore(inner: TokenStore = createMemoryTokenStore()) {
  const calls: string[] = [];
  const failing = new Set<string>();
  const store = Object.fromEntries(
    Object.entries(inner).map(([name, method]: [string, (...args: never[]) => Promise<unknown>]) => [
      name,
      async (...args: never[]) => {
        calls.push(name);
        if (failing.has(name)) throw new Error('disk on fire: /var/lib/secret.db');
        return method(...args);
      },
    ]),
  ) as unknown as TokenStore;
  return { store, inner, calls, failing };
}
