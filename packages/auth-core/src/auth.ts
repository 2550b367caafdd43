import type { AuditSink } from './audit/audit-event.ts';
import type { AuthorityEntry, DecisionContext } from './authority/authority.ts';
import { denyTimeAndPlace } from './authority/decide.ts';
import type { AccessRequest, Decision, DeniedDecision } from './authority/decision.ts';
import { coreVocabulary } from './authority/define-vocabulary.ts';
import type { Grant } from './authority/grant.ts';
import type { CoreWords, Vocabulary, Words } from './authority/vocabulary.ts';
import { type Clock, systemClock } from './clock.ts';
import { endOf } from './date-time.ts';
import { PermissionDeniedError } from './errors.ts';
import type { EditInput } from './management/edit-token.ts';
import type { ExchangeInput } from './management/exchange-token.ts';
import type { IssuedToken, IssueInput } from './management/issue-token.ts';
import type { RevokeAllInput } from './management/revoke-all.ts';
import type { Revocation } from './management/revoke-tokens.ts';
import type { RotateInput } from './management/rotate-token.ts';
import { denyForeignProject, selectProject } from './management/select-project.ts';
import type { TokenInfo } from './management/token-info.ts';
import { createTokenManager, type TokenListing } from './management/token-manager.ts';
import type { PatternEngine } from './matching/pattern-engine.ts';
import { notify } from './notify.ts';
import { operatorPrincipal, type Principal } from './principal.ts';
import { requirePart } from './require-part.ts';
import { type AuthSettings, DEFAULT_AUTH_SETTINGS } from './settings.ts';
import { createApiKeyFormat } from './token/api-key-format.ts';
import { createRingDigest } from './token/digest.ts';
import { guardTokenStore } from './token/guard-token-store.ts';
import { type KeyRing, readKeyRing } from './token/key-ring.ts';
import { type RandomBytes, systemRandom } from './token/random.ts';
import { createRingSealer } from './token/sealer.ts';
import { createStoreKeys, type KeyUse } from './token/store-keys.ts';
import type { TokenFormat } from './token/token-format.ts';
import type { TokenStore } from './token/token-store.ts';
import { requireSubtle } from './token/web-crypto.ts';
import { createLastUsed } from './verification/last-used.ts';
import { createRevocations } from './verification/revocations.ts';
import { createVerifier } from './verification/verifier.ts';
import { createWarmCache } from './verification/warm-cache.ts';
import { watchRevocations } from './verification/watch-revocations.ts';

/** What {@link createAuth} works with. */
export interface AuthOptions<W extends Words = Words> {
  /** The vocabulary of the server, see `defineVocabulary`; by default the library's own actions and limits. */
  readonly vocabulary?: Vocabulary<W>;
  readonly store: TokenStore;
  /**
   * At least 32 unpredictable bytes, kept outside the database. To change them, give the present key and up to three
   * former ones: each token is stored again under the present key at its next use; `keys` says how many are left.
   */
  readonly digestKey: KeyRing;
  /** A grant that no token can exceed. By default it allows everything. */
  readonly policy?: Grant<W>;
  readonly clock?: Clock;
  readonly random?: RandomBytes;
  /** The kinds of tokens that there are; API keys alone by default. */
  readonly formats?: readonly TokenFormat[];
  /** The kinds that `introspect` reads, such as tokens that were made for other servers; the `formats` by default. */
  readonly introspected?: readonly TokenFormat[];
  /** The current settings of the installation for its tokens; called each time. See `DEFAULT_AUTH_SETTINGS`. */
  readonly settings?: () => AuthSettings;
  /**
   * Records each change. When it rejects, nothing is changed, and the caller gets `AUTH_AUDIT_UNAVAILABLE`. Only
   * revocations do not wait for it.
   */
  readonly audit?: AuditSink;
  /** Runs the patterns of argument constraints; without it, they deny. */
  readonly patterns?: PatternEngine;
  /** The real path of a path, for `within`; without it, `within` denies. See `DecisionContext`. */
  readonly resolvePath?: DecisionContext['resolvePath'];
  /**
   * How long a verified token is cached before the store is read again: 500 by default and at most 1000, so that a
   * revocation by another process takes effect within a second. 0 switches the cache off.
   */
  readonly cacheMilliseconds?: number;
}

/** How an `Auth` was made, and how its caches and listeners hear of a change that was made outside of it. */
export interface AuthParts {
  readonly options: AuthOptions<never>;
  readonly onChange: (id: string, change: 'edited' | 'revoked') => void;
}

/** The parts of each `Auth`, for what works with its stores in another way. */
export const partsOf = new WeakMap<object, AuthParts>();

/** The input of a decision besides the principal and the request. */
export interface DecisionExtra {
  /** The caller's IP address. */
  readonly address?: string | undefined;
  /** Grants of the request itself, such as its `allowed_tools`. They can only narrow. */
  readonly entries?: readonly AuthorityEntry[] | undefined;
}

/** Tokens and decisions in one place. All methods reject with an `AuthError` and with nothing else. */
export interface Auth<W extends Words = Words> extends AsyncDisposable {
  /** The vocabulary of the server. */
  readonly vocabulary: Vocabulary<W>;
  /**
   * Makes a token. What a derived principal makes is derived from it, and ends with it.
   *
   * @throws {AuthError} `AUTH_PERMISSION_DENIED`, `AUTH_GRANT_INVALID`, `AUTH_INPUT_INVALID`, `AUTH_GRANT_NOT_COVERED`;
   * `AUTH_CONFLICT` when there is a custom key with this text already
   */
  issue(input: IssueInput<W>, by: Principal): Promise<IssuedToken<W>>;
  /** Fails as `issue` would, and makes nothing. @throws {AuthError} as `issue` */
  checkIssue(input: IssueInput<W>, by: Principal): Promise<void>;
  /**
   * Verifies a token and returns its principal. The address is needed only for imported keys, see
   * `@latchkey/auth-core/import`.
   *
   * @throws `AUTH_TOKEN_*`, `AUTH_STORE_UNAVAILABLE`
   */
  verify(text: string | undefined, from?: Pick<DecisionExtra, 'address'>): Promise<Principal>;
  /**
   * The tokens that the authority of `by` covers, the oldest first; for the next page give the last one as `after`.
   *
   * @throws `AUTH_PERMISSION_DENIED`; `AUTH_INPUT_INVALID` for an `after` that is no such token, and for a `limit`
   * below 1
   */
  list(by: Principal, listing?: TokenListing): Promise<TokenInfo<W>[]>;
  /** One of these tokens, or the one of `by` itself. @throws `AUTH_TOKEN_NOT_FOUND`, `AUTH_PERMISSION_DENIED` */
  show(id: string, by: Principal): Promise<TokenInfo<W>>;
  /** Changes one of these tokens. @throws as `issue` and `show`, and `AUTH_CONFLICT` */
  edit(id: string, input: EditInput<W>, by: Principal): Promise<TokenInfo<W>>;
  /**
   * Gives one of these tokens a new secret under the same id; the former secret stays valid during the `overlap`. The
   * rotated token never permits more, nor lasts longer, than the token of `by`. A token needs no action to rotate
   * itself.
   *
   * @throws as `edit`; `AUTH_CONFLICT` also for a token that has ended, `AUTH_INPUT_INVALID` for custom keys
   */
  rotate(id: string, input: RotateInput, by: Principal): Promise<IssuedToken<W>>;
  /**
   * Turns the token of `by` into an API key that may do the same or less, for clients that take no other shape. It is
   * derived from that token and ends with it; at most 100 such keys work at a time. Needs no action.
   *
   * @throws {AuthError} `AUTH_PERMISSION_DENIED` without a token, `AUTH_GRANT_INVALID`, `AUTH_INPUT_INVALID`,
   * `AUTH_GRANT_NOT_COVERED`, `AUTH_CONFLICT` when there are 100 already
   */
  exchange(input: ExchangeInput<W>, by: Principal): Promise<IssuedToken<W>>;
  /**
   * Returns the text of an issued token again, for kinds that stay visible to their owner, and only to the owner.
   *
   * @throws as `show`; `AUTH_INPUT_INVALID` for other kinds
   */
  reveal(id: string, by: Principal): Promise<string>;
  /**
   * Ends one of these tokens, or the one of `by` itself, at once and permanently. It is denied here before it is
   * stored, and the answer waits for the store no longer than a second: see {@link Revocation}. While the store does
   * not answer, the authority of `by` is taken from what was verified here within the last minute.
   *
   * @throws as `show`
   */
  revoke(id: string, by: Principal): Promise<Revocation<W>>;
  /**
   * Ends what `by` has presented, of whatever kind, as `revoke`. Needs no action. @throws `AUTH_PERMISSION_DENIED`
   * without a token
   */
  revokeSelf(by: Principal): Promise<Revocation<W>>;
  /**
   * Ends all of these tokens that belong to an owner, to a project or to both, together, and says which; never the one
   * of `by`, nor one that it was derived from. What one of them makes meanwhile ends, too. The audit log has one entry
   * `tokens.revoked`, with their number.
   *
   * @throws {AuthError} `AUTH_PERMISSION_DENIED`; `AUTH_INPUT_INVALID` when neither is named
   */
  revokeAll(input: RevokeAllInput, by: Principal): Promise<Revocation<W>[]>;
  /**
   * Removes one of these tokens, which must have ended, with all tokens that were derived from it. Only the audit log
   * keeps a record of it.
   *
   * @throws as `show`; `AUTH_CONFLICT` for a token that still works
   */
  remove(id: string, by: Principal): Promise<TokenInfo<W>>;
  /**
   * Forgets what was derived from other tokens (exchanged keys, and the ends of access and attenuated tokens) and has
   * ended before a time. Call it now and then: nothing is forgotten by itself.
   *
   * @throws `AUTH_STORE_UNAVAILABLE`
   */
  forgetEnded(before: Date): Promise<void>;
  /**
   * The keys of `digestKey`, the present one first, and how many tokens still need each. Reads all tokens. Call it when
   * a server starts to refuse a wrong key there and then.
   *
   * @throws {AuthError} `AUTH_STORE_UNAVAILABLE`, with a `WrongKeyError` as its cause when the store is used with a key
   * that `digestKey` does not contain
   */
  keys(): Promise<KeyUse[]>;
  /**
   * The principal as its tokens are now. Each act of administration begins with it; for what else may be done long
   * after a token was verified.
   *
   * @throws {AuthError} `AUTH_TOKEN_*`, `AUTH_PERMISSION_DENIED`, `AUTH_STORE_UNAVAILABLE`
   */
  refresh(by: Principal): Promise<Principal>;
  /**
   * The principal of a token that was verified here within the last minute and has not ended since. Only for routes
   * that end tokens, while the store does not answer.
   */
  recall(text: string | undefined): Promise<Principal | undefined>;
  /**
   * Verifies a token of the `introspected` formats, without caching it. For other servers that check whether a token is
   * still valid. @throws as `verify`
   */
  introspect(text: string | undefined): Promise<Principal>;
  /**
   * The principal as it acts for a project that it may use.
   *
   * @throws {AuthError} `AUTH_PERMISSION_DENIED`; `AUTH_INPUT_INVALID` when it is not a valid project name
   */
  selectProject(principal: Principal, project: string): Principal;
  /**
   * Refuses a principal at a time or from an address that some grant of its authority does not allow. For code that
   * reads a token from elsewhere in a request: `createRequestAuthenticator` calls it for tokens in headers.
   *
   * @throws {AuthError} `AUTH_PERMISSION_DENIED`
   */
  requireTimeAndPlace(principal: Principal, from: Pick<DecisionExtra, 'address'>): void;
  /** Decides a request of a principal: for the project that it acts for, if there is one, and for no other. */
  decide(principal: Principal, request: AccessRequest<W>, extra?: DecisionExtra): Decision<W>;
  /** The operator at the machine itself: everything is allowed. Never for what comes over a network. */
  operator(): Principal;
  /**
   * Notifies a listener of revoked tokens: at once for revocations here, and for others when their next use shows it.
   * Errors of a listener are ignored. Returns a function that removes the listener.
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
 * @throws {TypeError} when the key is too short, `cacheMilliseconds` is not from 0 to 1000, or the platform has no
 * `crypto.subtle`
 * @throws {AuthError} `AUTH_GRANT_INVALID` when the policy is not a valid grant
 * @example
 * ```ts
 * import { createAuth, createMemoryTokenStore, defineVocabulary, names } from '@latchkey/auth-core';
 *
 * const vocabulary = defineVocabulary({ actions: ['invoices:read'], resources: { invoices: names() } });
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const auth = createAuth({ vocabulary, store: createMemoryTokenStore(), digestKey });
 * const grant = { actions: ['invoices:read'], invoices: ['2026-*'] } as const;
 * const { token } = await auth.issue({ name: 'ci-bot', grant }, auth.operator());
 *
 * const principal = await auth.verify(token);
 * const decision = auth.decide(principal, { action: 'invoices:read', invoices: '2026-17' });
 * console.log(decision.allowed); // true
 * ```
 */
export function createAuth<W extends Words = CoreWords>(options: AuthOptions<W>): Auth<W> {
  requirePart('createAuth', 'store', options?.store, [
    'insert',
    'find',
    'update',
    'remove',
    'endAll',
    'list',
    'countDerived',
  ]);
  const { clock = systemClock, random = systemRandom, patterns, resolvePath, cacheMilliseconds = 500 } = options;
  if (!(cacheMilliseconds >= 0 && cacheMilliseconds <= 1000)) {
    throw new TypeError('cacheMilliseconds must be a number from 0 to 1000');
  }
  requireSubtle();
  const vocabulary: Vocabulary = options.vocabulary ?? coreVocabulary;
  const store = guardTokenStore(options.store);
  const policy: AuthorityEntry = Object.freeze({
    grant: vocabulary.parseGrant(options.policy ?? vocabulary.everything, {
      at: 'policy',
      ...(patterns && { patterns }),
    }),
    source: 'server policy',
    id: 'policy',
  });
  const { names } = vocabulary;
  const { formats = [createApiKeyFormat({ names, random })], settings = () => DEFAULT_AUTH_SETTINGS } = options;
  const evaluation = { ...(patterns && { patterns }), ...(resolvePath && { resolvePath }) };
  const ring = readKeyRing(options.digestKey);
  const sealer = createRingSealer(ring, random);
  const keys = createStoreKeys(ring, sealer, store);
  const digest = createRingDigest(ring, keys.openIdKey);
  const cache = createWarmCache(cacheMilliseconds);
  const lastUsed = createLastUsed(store, clock().getTime());
  const operator = operatorPrincipal(vocabulary);
  const listeners = new Set<(id: string) => void>();

  function tellRevoked(id: string): void {
    for (const listener of listeners) notify(listener, id);
  }

  const revocations = createRevocations((id) => {
    cache.drop(id);
    tellRevoked(id);
  });
  const isEnded = revocations.has;
  const parts = { vocabulary, store, formats, settings, digest, sealer, policy, clock, audit: options.audit, isEnded };
  const verifying = { ...parts, keys, lastUsed, onRevoked: tellRevoked };
  const verify = createVerifier({ ...verifying, cache, cacheMilliseconds });
  const introspect = createVerifier({
    ...verifying,
    formats: options.introspected ?? formats,
    // It remembers nothing.
    cache: createWarmCache(0, undefined, 0),
    cacheMilliseconds: 0,
  });
  const watching = watchRevocations(store, cache, tellRevoked);
  const tokens = createTokenManager({
    ...parts,
    patterns,
    revocations,
    recalled: cache,
    onChange,
  });

  function onChange(id: string, change: 'edited' | 'revoked'): void {
    cache.drop(id);
    if (change === 'revoked') tellRevoked(id);
  }

  /** A token that ends while a long request uses it allows nothing more. */
  function denyEnded({ expiresAt, name, authority, chain }: Principal, now: Date): DeniedDecision | undefined {
    const denied = { allowed: false, grant: authority.length, source: `token ${name}` } as const;
    if (chain.some(isEnded)) return { ...denied, rule: 'authority', reason: 'the token was revoked' };
    if (now.getTime() < endOf(expiresAt)) return undefined;
    return { ...denied, rule: 'expiresAt', reason: `the token expired at ${expiresAt}` };
  }

  async function close(): Promise<void> {
    await watching.stop();
    await revocations.stop();
    await lastUsed.close();
    await store.close();
  }

  const auth: Auth = {
    vocabulary,
    verify,
    introspect,
    recall: async (text) => {
      const principal = text === undefined ? undefined : await cache.recall(text, clock().getTime());
      return principal?.chain.some(isEnded) ? undefined : principal;
    },
    issue: tokens.issue,
    checkIssue: tokens.checkIssue,
    edit: tokens.edit,
    rotate: tokens.rotate,
    exchange: tokens.exchange,
    reveal: tokens.reveal,
    revoke: tokens.revoke,
    revokeSelf: tokens.revokeSelf,
    revokeAll: tokens.revokeAll,
    remove: tokens.remove,
    refresh: tokens.refresh,
    keys: () => keys.countUses(clock()),
    forgetEnded: (before) => store.forgetEnded(before.toISOString()),
    selectProject,
    async list(by, listing) {
      await lastUsed.flush();
      return tokens.list(by, listing);
    },
    async show(id, by) {
      await lastUsed.flush();
      return tokens.show(id, by);
    },
    decide(principal, request, { address, entries } = {}) {
      const now = clock();
      const asked = request.project?.normalize('NFC');
      const project = asked ?? principal.project;
      return (
        denyEnded(principal, now) ??
        denyForeignProject(principal, asked) ??
        vocabulary.decide(
          entries === undefined ? principal.authority : [...principal.authority, ...entries],
          project === undefined ? request : { ...request, project },
          address === undefined ? { ...evaluation, now } : { ...evaluation, now, address },
        )
      );
    },
    requireTimeAndPlace(principal, { address }) {
      const now = clock();
      const context = address === undefined ? { now } : { now, address };
      const denial = denyEnded(principal, now) ?? denyTimeAndPlace(principal.authority, context);
      if (denial !== undefined) throw new PermissionDeniedError(denial);
    },
    operator: () => operator,
    onRevoked(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  partsOf.set(auth, { options: options as AuthOptions<never>, onChange });
  // It decides with this vocabulary, whose words the types name.
  return auth as Auth<W>;
}
