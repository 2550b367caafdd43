import { ServerError } from '../contracts/server-error.ts';
import type { InstallationSettings, SettingsChange } from './installation-settings.ts';

/** What the configuration of this server leaves open about `requireAuthentication`. */
export interface AuthenticationSwitch {
  /** The configuration has authentication off, whatever the settings say. */
  readonly forcedOff: boolean;
  /** Why this server must not be open: others than this machine reach it. Absent: it may be. */
  readonly refusal: string | undefined;
}

/** The settings as they count on this server: one that others reach never opens because a database says so. */
export function withAuthentication(
  settings: InstallationSettings,
  { forcedOff, refusal }: AuthenticationSwitch,
): InstallationSettings {
  const requireAuthentication = !forcedOff && (refusal !== undefined || settings.requireAuthentication);
  return { ...settings, requireAuthentication };
}

/** Throws ServerError `CONFLICT` for a change that this server could not follow. */
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
