import type { TokenStore } from '../store/token-store.ts';
import type { WarmCache } from './warm-cache.ts';

/**
 * Listens to a store that tells which tokens other processes change: what was verified lately is forgotten, and who
 * works with a token that was revoked hears of it. A store that tells nothing is looked into soon enough all the same.
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
