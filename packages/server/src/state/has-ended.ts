import type { TokenStore } from '@latchkey/auth-core';

/**
 * Says of the ids by which a token ends whether one of them has: it was revoked, its time is over, or the stored token at the
 * beginning is not there any more.
 */
export const hasEndedIn =
  (store: Pick<TokenStore, 'find'>, clock: () => Date) =>
  async ([rootId = '', ...others]: readonly string[]): Promise<boolean> => {
    // Callers without a token have none that could end.
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
