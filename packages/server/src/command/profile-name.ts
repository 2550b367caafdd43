import type { Environment } from '@latchkey/client';

/** The profile that a command is about: `--profile`, `LATCHKEY_PROFILE`, or the one that counts when none is named. */
export function profileName(flags: { readonly profile?: string }, environment: Environment): string {
  return flags.profile ?? (environment.LATCHKEY_PROFILE?.trim() || 'default');
}
