import {
  type AuthSettings,
  DEFAULT_AUTH_SETTINGS,
  MAXIMUM_ACCESS_TOKEN_SECONDS,
  MAXIMUM_PERSONAL_ACCESS_TOKEN_SECONDS,
  TOKEN_KINDS,
  type TokenKind,
} from '@latchkey/auth-core';
import { z } from 'zod';
import { DURATION_NOTATION, readDuration } from '../config/duration.ts';
import { withoutAbsent } from '../config/without-absent.ts';

/**
 * The settings of a whole installation that an operator can change while it runs. All servers on one database share
 * them.
 */
export interface InstallationSettings {
  /** Whether callers need a token. */
  readonly requireAuthentication: boolean;
  /** Tokens of a kind that is off do not work, and neither do tokens derived from them. */
  readonly tokenKinds: Readonly<Record<TokenKind, boolean>>;
  /** In seconds: the default lifetime of a personal access token. */
  readonly personalAccessTokenTtl: number;
  /** In seconds: the default lifetime of an access token; a request can ask for less. */
  readonly accessTokenTtl: number;
  /** In seconds: after this time without use, a token has expired; 0: none expires by that. */
  readonly unusedTokenTtl: number;
  /** Whether requests may use the servers of mcp.json. */
  readonly allowMcpJson: boolean;
  /** Whether requests may bring request-scoped MCP servers. */
  readonly allowEphemeralMcp: boolean;
  /** Denies every caller but those that may do everything, at once; running requests end as well. */
  readonly lockdown: boolean;
}

/** The settings of an installation that has not changed them. */
export const DEFAULT_INSTALLATION_SETTINGS: InstallationSettings = Object.freeze({
  requireAuthentication: true,
  tokenKinds: DEFAULT_AUTH_SETTINGS.kinds,
  personalAccessTokenTtl: DEFAULT_AUTH_SETTINGS.personalAccessTokenSeconds,
  accessTokenTtl: DEFAULT_AUTH_SETTINGS.accessTokenSeconds,
  unusedTokenTtl: 0,
  allowMcpJson: true,
  allowEphemeralMcp: false,
  lockdown: false,
});

/** A whole number of seconds, or a duration such as `90d`; the result is in seconds. */
const ttl = (maximum: number, inWords: string) =>
  z.unknown().transform((input, context): number => {
    const seconds = typeof input === 'string' ? (readDuration(input) ?? 0) / 1000 : input;
    if (typeof seconds === 'number' && Number.isSafeInteger(seconds) && seconds >= 1 && seconds <= maximum) {
      return seconds;
    }
    context.issues.push({
      code: 'custom',
      input,
      message:
        `expected a whole number of seconds, or ${DURATION_NOTATION}; ` +
        `at least one second, at most ${inWords} (${maximum} seconds)`,
    });
    return z.NEVER;
  });

const SHORTEST_UNUSED_SECONDS = 3600;
const LONGEST_UNUSED_SECONDS = 10 * 366 * 86_400;

/** 0, or a time that is long enough for times of use to be stored. */
const unusedTtl = z.unknown().transform((input, context): number => {
  const seconds = typeof input === 'string' ? (readDuration(input) ?? -1000) / 1000 : input;
  const isTime = (value: unknown): value is number =>
    typeof value === 'number' &&
    Number.isSafeInteger(value) &&
    (value === 0 || (value >= SHORTEST_UNUSED_SECONDS && value <= LONGEST_UNUSED_SECONDS));
  if (isTime(seconds)) return seconds;
  context.issues.push({
    code: 'custom',
    input,
    message:
      `expected 0 (tokens do not expire for lack of use), a whole number of seconds, or ${DURATION_NOTATION}; ` +
      `at least 1 hour (${SHORTEST_UNUSED_SECONDS} seconds), at most 10 years`,
  });
  return z.NEVER;
});

const fields = {
  requireAuthentication: z.boolean().optional(),
  personalAccessTokenTtl: ttl(MAXIMUM_PERSONAL_ACCESS_TOKEN_SECONDS, '366 days').optional(),
  accessTokenTtl: ttl(MAXIMUM_ACCESS_TOKEN_SECONDS, '1 hour').optional(),
  unusedTokenTtl: unusedTtl.optional(),
  allowMcpJson: z.boolean().optional(),
  allowEphemeralMcp: z.boolean().optional(),
  lockdown: z.boolean().optional(),
};
const kindSwitches = Object.fromEntries(TOKEN_KINDS.map((kind) => [kind, z.boolean().optional()])) as Record<
  TokenKind,
  z.ZodOptional<z.ZodBoolean>
>;

/**
 * The settings to change; absent ones stay. An unknown key is refused, because a misspelt setting must not seem to be
 * set.
 */
export const settingsChangeSchema = z.strictObject({
  ...fields,
  tokenKinds: z.strictObject(kindSwitches).optional(),
});

/** A change that {@link settingsChangeSchema} has validated. */
export type SettingsChange = z.output<typeof settingsChangeSchema>;

/** The stored form; keys of a newer version are ignored. */
const storedSchema = z.object({ ...fields, tokenKinds: z.object(kindSwitches).optional() });

/** Reads settings as they were stored. @throws {z.ZodError} when a value is not what it must be */
export function readStoredSettings(document: unknown): InstallationSettings {
  return applyChange(DEFAULT_INSTALLATION_SETTINGS, storedSchema.parse(document));
}

/** Returns the settings with a change applied; `tokenKinds` is merged kind by kind. */
export function applyChange(settings: InstallationSettings, change: SettingsChange): InstallationSettings {
  const { tokenKinds, ...others } = change;
  return {
    ...settings,
    ...withoutAbsent(others),
    tokenKinds: { ...settings.tokenKinds, ...withoutAbsent(tokenKinds ?? {}) },
  };
}

/** Whether a caller needs a token now. */
export const requiresToken = ({ requireAuthentication, lockdown }: InstallationSettings): boolean =>
  requireAuthentication || lockdown;

/** The settings that auth-core needs. */
export const toAuthSettings = (settings: InstallationSettings): AuthSettings => ({
  kinds: settings.tokenKinds,
  personalAccessTokenSeconds: settings.personalAccessTokenTtl,
  accessTokenSeconds: settings.accessTokenTtl,
  ...(settings.unusedTokenTtl !== 0 && { unusedTokenSeconds: settings.unusedTokenTtl }),
});
