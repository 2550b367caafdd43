import { type AuditSink, AuthError, type Clock } from '@latchkey/auth-core';
import { type Auth, type Grant, llm } from '@latchkey/auth-core/llm';
import { re2jsPatterns } from '@latchkey/auth-core/patterns/re2js';
import { clientSecretOf } from '../config/openid.ts';
import { belowPublicUrl, requirePublicUrl } from '../config/public-url.ts';
import type { ServerConfig } from '../config/schema.ts';
import { OperatorError } from '../contracts/operator-error.ts';
import type { AccountStore } from './account-store.ts';
import { type Accounts, createAccounts } from './accounts.ts';
import { createPendingCookies, type PendingCookies } from './pending-cookie.ts';
import { createProvider, type Provider } from './provider.ts';

export const OPENID_START_PATH = '/openid/start';
/** Where the provider sends the browser back to. */
export const OPENID_CALLBACK_PATH = '/openid/callback';

export interface OpenOpenidOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly auth: Auth;
  readonly store: AccountStore;
  /** The secrets of the installation, the present one first. */
  readonly secrets: readonly [Uint8Array, ...Uint8Array[]];
  readonly clock: Clock;
  readonly audit: AuditSink;
  readonly hasEnded: (chain: readonly string[]) => Promise<boolean>;
  readonly fetch: typeof globalThis.fetch;
}

/** Signing in with accounts of a provider, as it is configured. */
export interface Openid {
  readonly publicUrl: string;
  readonly name: string;
  readonly issuer: string;
  readonly groupsClaim: string;
  readonly sessionHours: number;
  readonly provider: Provider;
  readonly accounts: Accounts;
  readonly cookies: PendingCookies;
}

/**
 * Undefined where no provider is configured.
 *
 * @throws {OperatorError} `missing_secret`; `invalid_configuration` for an entry of `grants` that is no grant
 * @throws {ServerError} `INVALID_REQUEST` without `publicUrl`
 */
export function openOpenid(
  { openid: config, ...server }: Pick<ServerConfig, 'openid' | 'publicUrl'>,
  options: OpenOpenidOptions,
): Openid | undefined {
  if (config === undefined) return undefined;
  const { environment, auth, store, secrets, clock, audit, hasEnded, fetch } = options;
  const publicUrl = requirePublicUrl(server.publicUrl, 'openid', 'the provider sends browsers back there');
  const redirectUri = belowPublicUrl(publicUrl, OPENID_CALLBACK_PATH);
  const { issuer, clientId, name, scopes, groupsClaim, sessionHours, tokenDays } = config;
  const grants = config.grants.map(({ group, grant }, index) => ({
    group,
    grant: parseGrant(grant, index),
  }));
  const clientSecret = clientSecretOf(config, environment);
  return {
    publicUrl,
    name,
    issuer,
    groupsClaim,
    sessionHours,
    provider: createProvider({ issuer, clientId, clientSecret, scopes, redirectUri, groupsClaim, fetch, clock }),
    accounts: createAccounts({ auth, store, secrets, clock, audit, grants, tokenDays, hasEnded }),
    cookies: createPendingCookies(secrets, clock),
  };
}

function parseGrant(grant: unknown, index: number): Grant {
  try {
    return llm.parseGrant(grant, { at: 'grant', patterns: re2jsPatterns });
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    throw new OperatorError('invalid_configuration', `openid.grants[${index}].${error.message}`, { cause: error });
  }
}
