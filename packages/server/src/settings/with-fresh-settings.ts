import { AuthError, type Principal } from '@latchkey/auth-core';
import type { Auth } from '@latchkey/auth-core/llm';
import { mayDoEverything } from './every-action.ts';
import type { LiveSettings } from './live-settings.ts';

/**
 * The same `Auth`, which looks at the settings before it verifies; who verifies often reads them no more often. While the
 * installation is locked down it knows nobody but those who may do everything: requests that run are verified again as they go
 * on, and end by it as well.
 */
export function withFreshSettings(auth: Auth, settings: Pick<LiveSettings, 'fresh'>): Auth {
  const unlessLockedDown = async (verify: () => Promise<Principal>): Promise<Principal> => {
    const { lockdown } = await settings.fresh();
    const principal = await verify();
    if (!lockdown || mayDoEverything(principal)) return principal;
    throw new AuthError('AUTH_PERMISSION_DENIED', 'The server is locked down: its administrator alone gets in.');
  };
  return {
    ...auth,
    verify: (text) => unlessLockedDown(() => auth.verify(text)),
    introspect: (text) => unlessLockedDown(() => auth.introspect(text)),
  };
}
