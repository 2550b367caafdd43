import {
  type AccessRequest,
  type AuthorityEntry,
  type Decision,
  type DecisionContext,
  decide,
} from './authority/decide.ts';
import { FULL_GRANT, type Grant } from './authority/grant.ts';
import { parseGrant } from './authority/parse-grant.ts';
import { type Clock, systemClock } from './clock.ts';
import { parseDateTime } from './date-time.ts';
import {
  createTokenManager,
  type EditInput,
  type IssuedToken,
  type IssueInput,
  type TokenInfo,
} from './management/token-manager.ts';
import type { PatternEngine } from './matching/pattern-engine.ts';
import { operatorPrincipal, type Principal } from './principal.ts';
import { guardStore } from './store/guard-store.ts';
import type { TokenStore } from './store/token-store.ts';
import { createApiKeyFormat } from './token/api-key-format.ts';
import { createDigest } from './token/digest.ts';
import { type RandomBytes, systemRandom } from './token/random.ts';
import { createLastUsed } from './verification/last-used.ts';
import { createVerifier } from './verification/verifier.ts';
import { createWarmCache } from './verification/warm-cache.ts';

/** What {@link createAuth} works with. */
export interface AuthOptions {
  readonly store: TokenStore;
  /** At least 32 bytes that nobody can foresee. Keep them outside the database; with other bytes, no token works. */
  readonly digestKey: Uint8Array;
  /** What no token may go beyond. Everything, by default. */
  readonly policy?: Grant;
  readonly clock?: Clock;
  readonly random?: RandomBytes;
  /** Runs the patterns of argument constraints; without it, they deny. */
  readonly patterns?: PatternEngine;
  /** The real path of a path, for `within`; without it, `within` denies. See `DecisionContext`. */
  readonly resolvePath?: DecisionContext['resolvePath'];
  /**
   * For how long a verified token counts without a look into the store: 500 by default, 1000 at most, so that a
   * revocation by another process counts within a second; 0 for never.
   */
  readonly cacheMilliseconds?: number;
}

/** What a decision may take into account beside the principal and the request. */
export interface DecisionExtra {
  /** The caller's IP address. */
  readonly address?: string;
  /** Grants of the request itself, such as its `allowed_tools`. They can only narrow. */
  readonly entries?: readonly AuthorityEntry[];
}

/** Tokens and decisions in one place. All methods reject with an `AuthError` and with nothing else. */
export interface Auth extends AsyncDisposable {
  /** Makes a token. @throws `AUTH_PERMISSION_DENIED`, `AUTH_GRANT_INVALID`, `AUTH_GRANT_NOT_COVERED` */
  issue(input: IssueInput, by: Principal): Promise<IssuedToken>;
  /** Says who presents a token. @throws `AUTH_TOKEN_*`, `AUTH_STORE_UNAVAILABLE` */
  verify(text: string | undefined): Promise<Principal>;
  /** The tokens whose grants the authority of `by` covers, the oldest first. @throws `AUTH_PERMISSION_DENIED` */
  list(by: Principal): Promise<TokenInfo[]>;
  /** One of these tokens, or the one of `by` itself. @throws `AUTH_TOKEN_NOT_FOUND`, `AUTH_PERMISSION_DENIED` */
  show(id: string, by: Principal): Promise<TokenInfo>;
  /** Changes one of these tokens. @throws as `issue` and `show`, and `AUTH_CONFLICT` */
  edit(id: string, input: EditInput, by: Principal): Promise<TokenInfo>;
  /** Ends one of these tokens, or the one of `by` itself, at once and for good. @throws as `show` */
  revoke(id: string, by: Principal): Promise<TokenInfo>;
  /** Decides a request of a principal, and of its token's project when the request names none. */
  decide(principal: Principal, request: AccessRequest, extra?: DecisionExtra): Decision;
  /** The operator at the machine itself: everything is allowed. Never for what comes over a network. */
  operator(): Principal;
  /**
   * Tells of tokens that were revoked: here, or elsewhere when their next use shows it. What a listener throws is
   * dropped. Returns the way to stop listening.
   */
  onRevoked(listener: (id: string) => void): () => void;
  /** Writes what is still to be written, and closes the store. */
  close(): Promise<void>;
}

/**
 * Puts tokens, their store and the decision together.
 *
 * > [!WARNING]
 * > The digest key is what makes a stolen database useless. Keep it in another place than the database.
 *
 * @throws {TypeError} when the key is too short or `cacheMilliseconds` is not from 0 to 1000
 * @throws {AuthError} `AUTH_GRANT_INVALID` when the policy is no grant
 * @example
 * ```ts
 * import { createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
 *
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const auth = createAuth({ store: createMemoryTokenStore(), digestKey });
 * const grant = { actions: ['chat'], models: ['ibm/*'] };
 * const { token } = await auth.issue({ name: 'ci-bot', grant }, auth.operator());
 *
 * const principal = await auth.verify(token);
 * const decision = auth.decide(principal, { action: 'chat', model: 'ibm/granite-4' });
 * console.log(decision.allowed); // true
 * ```
 */
export function createAuth(options: AuthOptions): Auth {
  const { clock = systemClock, random = systemRandom, patterns, resolvePath, cacheMilliseconds = 500 } = options;
  if (!(cacheMilliseconds >= 0 && cacheMilliseconds <= 1000)) {
    throw new TypeError('cacheMilliseconds must be a number from 0 to 1000');
  }
  const store = guardStore(options.store);
  const policy: AuthorityEntry = Object.freeze({
    grant: parseGrant(options.policy ?? FULL_GRANT, { at: 'policy', ...(patterns && { patterns }) }),
    source: 'server policy',
    id: 'policy',
  });
  const format = createApiKeyFormat(random);
  const digest = createDigest(options.digestKey);
  const cache = createWarmCache(cacheMilliseconds);
  const lastUsed = createLastUsed(store, clock().getTime());
  const operator = operatorPrincipal();
  const listeners = new Set<(id: string) => void>();

  function tellRevoked(id: string): void {
    for (const listener of listeners) {
      try {
        listener(id);
      } catch {
        // The token is revoked whatever its listeners make of it, and the next one must hear of it too.
      }
    }
  }

  const verify = createVerifier({ store, format, digest, policy, clock, cache, lastUsed, onRevoked: tellRevoked });
  const tokens = createTokenManager({
    store,
    format,
    digest,
    policy,
    clock,
    patterns,
    onChange(id, change) {
      cache.drop(id);
      if (change === 'revoked') tellRevoked(id);
    },
  });

  async function close(): Promise<void> {
    await lastUsed.flush();
    await store.close();
  }

  return {
    verify,
    issue: tokens.issue,
    edit: tokens.edit,
    revoke: tokens.revoke,
    async list(by) {
      await lastUsed.flush();
      return tokens.list(by);
    },
    async show(id, by) {
      await lastUsed.flush();
      return tokens.show(id, by);
    },
    decide(principal, request, { address, entries = [] } = {}) {
      const now = clock();
      const project = request.project ?? principal.project;
      return (
        denyExpired(principal, now) ??
        decide([...principal.authority, ...entries], project === undefined ? request : { ...request, project }, {
          now,
          ...(address !== undefined && { address }),
          ...(patterns && { patterns }),
          ...(resolvePath && { resolvePath }),
        })
      );
    },
    operator: () => operator,
    onRevoked(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A token that ends while a long request runs on it decides nothing more. */
function denyExpired({ expiresAt, name, authority }: Principal, now: Date): Decision | undefined {
  if (expiresAt === undefined || now.getTime() < (parseDateTime(expiresAt) ?? Number.NaN)) return undefined;
  return {
    allowed: false,
    grant: authority.length,
    source: `token ${name}`,
    rule: 'expiresAt',
    reason: `the token expired at ${expiresAt}`,
  };
}
