import type { Auth } from '@latchkey/auth-core';
import type { LiveSettings } from './live-settings.ts';

/** The same `Auth`, which looks at the settings before it verifies; who verifies often reads them no more often. */
export function withFreshSettings(auth: Auth, settings: Pick<LiveSettings, 'fresh'>): Auth {
  return {
    ...auth,
    verify: async (text) => {
      await settings.fresh();
      return auth.verify(text);
    },
    introspect: async (text) => {
      await settings.fresh();
      return auth.introspect(text);
    },
  };
}
