import { createGiveWay } from '../give-way.ts';
import type { TokenChange, TokenStore } from '../token/token-store.ts';
import type { WarmCache } from './warm-cache.ts';

/**
 * Listens to a store that reports which tokens other processes change. The cache entries of such a token are dropped,
 * and its end is reported to the work that uses it. Many ends at once give way to other work of the process. Without
 * such a store, the cache's short lifetime is enough.
 */
export function watchRevocations(
  store: Pick<TokenStore, 'watch'>,
  cache: Pick<WarmCache, 'drop'>,
  onRevoked: (id: string) => void,
): { stop(): Promise<void> } {
  async function hear(changes: readonly TokenChange[]): Promise<void> {
    const giveWay = createGiveWay();
    for (const { id, ended } of changes) {
      cache.drop(id);
      if (ended) onRevoked(id);
      await giveWay();
    }
  }
  const watching = store.watch?.(hear).catch(() => undefined);
  return {
    async stop() {
      const end = await watching;
      await end?.().catch(() => undefined);
    },
  };
}
