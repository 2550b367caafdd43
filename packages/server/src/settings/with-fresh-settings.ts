import { AuthError, type Principal } from '@latchkey/auth-core';
import type { Auth } from '@latchkey/auth-core/llm';
import { mayDoEverything } from './every-action.ts';
import type { LiveSettings } from './live-settings.ts';

/**
 * Wraps `Auth` so that it reads the settings, which are cached, before each verification. While the installation is
 * locked down, it denies every caller that may not do everything. Running requests are verified again as they proceed,
 * so a lockdown ends them as well.
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
    verify: (text, from) => unlessLockedDown(() => auth.verify(text, from)),
    introspect: (text) => unlessLockedDown(() => auth.introspect(text)),
  };
}
