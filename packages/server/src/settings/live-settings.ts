import {
  type AuditActor,
  type AuditSink,
  type Clock,
  type Json,
  recordAct,
  StoreUnavailableError,
} from '@latchkey/auth-core';
import { reachStore } from '../contracts/reach-store.ts';
import { ServerError } from '../contracts/server-error.ts';
import { applyChange, type InstallationSettings, type SettingsChange } from './installation-settings.ts';
import type { SettingsStore } from './kysely-settings-store.ts';

/** For how long a read value is used without reading it again. */
const FRESH_MILLISECONDS = 500;
/** For how long a read value is still used when reading again fails. */
const GRACE_MILLISECONDS = 1000;
const ATTEMPTS = 10;

/** The current settings: a change on this server applies at once, one on another server within a second. */
export interface LiveSettings {
  /**
   * Returns the settings, at most half a second old. Rejects with `AUTH_STORE_UNAVAILABLE` when they could not be read
   * for a second.
   */
  fresh(): Promise<InstallationSettings>;
  /**
   * Returns the settings synchronously, for a request that has already awaited `fresh`. Throws the error with which
   * `fresh` rejects.
   */
  current(): InstallationSettings;
  /**
   * Applies the whole change, or nothing. Throws ServerError `CONFLICT`; rejects with `AUTH_STORE_UNAVAILABLE`,
   * `AUTH_AUDIT_UNAVAILABLE`.
   */
  change(change: SettingsChange, by: AuditActor): Promise<InstallationSettings>;
}

/** Restrictions that the configuration of this server puts on `requireAuthentication`. */
export interface AuthenticationSwitch {
  /** Whether the configuration switches authentication off, whatever the settings are. */
  readonly forcedOff: boolean;
  /** Why this server must not be open: it can be reached from other machines. Absent: it may be. */
  readonly refusal: string | undefined;
}

export interface LiveSettingsOptions {
  readonly store: SettingsStore;
  readonly authentication: AuthenticationSwitch;
  readonly clock: Clock;
  /** Called with each change; when it rejects, nothing is changed. */
  readonly audit?: AuditSink;
}

/** Reads the settings once at the start, and later only on request, never by a timer. */
export async function createLiveSettings(options: LiveSettingsOptions): Promise<LiveSettings> {
  const { store, authentication, clock, audit } = options;
  let changes = 0;
  let failure: { readonly cause: unknown } | undefined;
  let reading: Promise<void> | undefined;
  let known = await look();

  async function look() {
    const readAt = clock().getTime();
    const { settings } = await store.read();
    return { settings: withAuthentication(settings, authentication), readAt };
  }

  async function read(): Promise<void> {
    const before = changes;
    try {
      const seen = await look();
      // A read that started before a change on this server and finishes after it is out of date.
      if (before === changes) known = seen;
      failure = undefined;
    } catch (cause) {
      failure = { cause };
    } finally {
      reading = undefined;
    }
  }

  function isWithin(milliseconds: number): boolean {
    const age = clock().getTime() - known.readAt;
    // If the clock was set back, the age is unknown.
    return age >= 0 && age <= milliseconds;
  }

  function lastKnown(): InstallationSettings {
    if (failure !== undefined && !isWithin(GRACE_MILLISECONDS)) throw new StoreUnavailableError(failure.cause);
    return known.settings;
  }

  async function attempt(change: SettingsChange, by: AuditActor): Promise<InstallationSettings | undefined> {
    const { version, settings: before } = await reachStore(() => store.read());
    const after = applyChange(before, change);
    const differences = describeDifferences(before, after);
    if (Object.keys(differences).length > 0) {
      const at = clock();
      const event = { type: 'settings.changed', actor: by, subject: 'installation', details: differences };
      const isWritten = await recordAct(
        audit,
        event,
        (transaction) => reachStore(() => store.write(after, version, at.toISOString(), transaction)),
        store.database,
      );
      if (!isWritten) return undefined;
      changes += 1;
      known = { settings: withAuthentication(after, authentication), readAt: at.getTime() };
    }
    return withAuthentication(after, authentication);
  }

  return {
    fresh: async () => {
      if (!isWithin(FRESH_MILLISECONDS)) {
        reading ??= read();
        await reading;
      }
      return lastKnown();
    },
    current: () => {
      if (!isWithin(FRESH_MILLISECONDS)) reading ??= read();
      return lastKnown();
    },
    change: async (change, by) => {
      requireChangeable(change, authentication);
      for (let tries = 0; tries < ATTEMPTS; tries += 1) {
        const changed = await attempt(change, by);
        if (changed !== undefined) return changed;
      }
      throw new ServerError('CONFLICT', 'Others change the settings at the same time. Try again.');
    },
  };
}

/** The old and new values by setting name, `tokenKinds.legacy` for a kind. Settings are not secrets. */
function describeDifferences(before: InstallationSettings, after: InstallationSettings): Record<string, Json> {
  const [old, changed] = [flatten(before), flatten(after)];
  return Object.fromEntries(
    Object.entries(changed)
      .filter(([name, value]) => old[name] !== value)
      .map(([name, to]) => [name, { from: old[name] ?? null, to }]),
  );
}

const flatten = ({ tokenKinds, ...others }: InstallationSettings): Record<string, boolean | number> => ({
  ...others,
  ...Object.fromEntries(Object.entries(tokenKinds).map(([kind, on]) => [`tokenKinds.${kind}`, on])),
});

/**
 * Applies the settings to this server: one that can be reached from other machines never opens because of a value in
 * the database.
 */
function withAuthentication(
  settings: InstallationSettings,
  { forcedOff, refusal }: AuthenticationSwitch,
): InstallationSettings {
  const requireAuthentication = !forcedOff && (refusal !== undefined || settings.requireAuthentication);
  return { ...settings, requireAuthentication };
}

/** Throws ServerError `CONFLICT` for a change that this server could not apply. */
function requireChangeable(change: SettingsChange, { forcedOff, refusal }: AuthenticationSwitch): void {
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
