import type { TokenStore } from '@latchkey/auth-core';

/**
 * Returns a function that takes the ids on which a token depends and reports whether one of them has ended: it was
 * revoked, it has expired, or the stored root token no longer exists.
 */
export const hasEndedIn =
  (store: Pick<TokenStore, 'find'>, clock: () => Date) =>
  async ([rootId = '', ...others]: readonly string[]): Promise<boolean> => {
    // Callers without a token depend on none.
    if (rootId.startsWith('local:')) return false;
    const now = clock().toISOString();
    const [root, ...records] = await Promise.all([rootId, ...others].map((id) => store.find(id)));
    return (
      root === undefined ||
      [root, ...records].some(
        (record) => record?.revokedAt !== undefined || (record?.expiresAt !== undefined && record.expiresAt <= now),
      )
    );
  };
