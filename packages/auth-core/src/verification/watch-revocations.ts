import type { TokenStore } from '../token/token-store.ts';
import type { WarmCache } from './warm-cache.ts';

/**
 * Listens to a store that reports which tokens other processes change. The cache entries of such a token are dropped,
 * and its revocation is reported to the work that uses it. Without such a store, the cache's short lifetime is enough.
 */
export function watchRevocations(
  store: Pick<TokenStore, 'find' | 'watch'>,
  cache: Pick<WarmCache, 'drop'>,
  onRevoked: (id: string) => void,
): { stop(): Promise<void> } {
  async function look(id: string): Promise<void> {
    cache.drop(id);
    const record = await store.find(id).catch(() => undefined);
    if (record?.revokedAt !== undefined) onRevoked(id);
  }
  const watching = store.watch?.((id) => void look(id)).catch(() => undefined);
  return {
    async stop() {
      const end = await watching;
      await end?.().catch(() => undefined);
    },
  };
}
