import { ServerError } from '../contracts/server-error.ts';
import type { InstallationSettings, SettingsChange } from './installation-settings.ts';

/** Restrictions that the configuration of this server puts on `requireAuthentication`. */
export interface AuthenticationSwitch {
  /** Whether the configuration switches authentication off, whatever the settings are. */
  readonly forcedOff: boolean;
  /** Why this server must not be open: it can be reached from other machines. Absent: it may be. */
  readonly refusal: string | undefined;
}

/**
 * Applies the settings to this server: one that can be reached from other machines never opens because of a value in
 * the database.
 */
export function withAuthentication(
  settings: InstallationSettings,
  { forcedOff, refusal }: AuthenticationSwitch,
): InstallationSettings {
  const requireAuthentication = !forcedOff && (refusal !== undefined || settings.requireAuthentication);
  return { ...settings, requireAuthentication };
}

/** Throws ServerError `CONFLICT` for a change that this server could not apply. */
export function requireChangeable(change: SettingsChange, { forcedOff, refusal }: AuthenticationSwitch): void {
  if (change.requireAuthentication === undefined) return;
  const options = { param: 'requireAuthentication' };
  if (forcedOff) {
    throw new ServerError(
      'CONFLICT',
      'The configuration of this server decides it: authentication is off (auth: false, or --no-auth). ' +
        'Start the server without that, and this setting counts.',
      options,
    );
  }
  if (!change.requireAuthentication && refusal !== undefined) throw new ServerError('CONFLICT', refusal, options);
}
