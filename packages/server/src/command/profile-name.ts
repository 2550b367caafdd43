import type { Environment } from '@latchkey/client';

/** Returns the profile to use: `--profile`, `LATCHKEY_PROFILE`, or the current profile. */
export function profileName(flags: { readonly profile?: string }, environment: Environment): string {
  return flags.profile ?? (environment.LATCHKEY_PROFILE?.trim() || 'default');
}
