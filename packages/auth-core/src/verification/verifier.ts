import type { AuditSink } from '../audit/audit-event.ts';
import type { AuthorityEntry } from '../authority/authority.ts';
import type { VocabularyParts } from '../authority/vocabulary.ts';
import type { Clock } from '../clock.ts';
import { endOf } from '../date-time.ts';
import { InvalidTokenError, isTokenRefusal } from '../errors.ts';
import type { Principal } from '../principal.ts';
import type { AuthSettings } from '../settings.ts';
import type { Digest } from '../token/digest.ts';
import type { Sealer } from '../token/sealer.ts';
import type { StoreKeys } from '../token/store-keys.ts';
import type { TokenFormat } from '../token/token-format.ts';
import type { TokenRecord, TokenStore } from '../token/token-store.ts';
import { createEnabledKinds } from './enabled-kinds.ts';
import { type IdentifiedToken, identifyToken, namesItself } from './identify-token.ts';
import type { LastUsed } from './last-used.ts';
import { proveToken } from './prove-token.ts';
import { readLineage } from './read-lineage.ts';
import { readPrincipal } from './read-principal.ts';
import { refuseEnded, refuseEndedChain } from './refuse-ended.ts';
import { createEvenRefusals } from './refuse-evenly.ts';
import { createUnusedRefusal } from './refuse-unused.ts';
import { renewSecret } from './renew-secret.ts';
import { createReuseAlarm } from './reuse-alarm.ts';
import { settleRotation } from './settle-rotation.ts';
import { createSingleFlight } from './single-flight.ts';
import type { WarmCache, WarmEntry } from './warm-cache.ts';

/** The dependencies of a verifier. */
export interface VerifierParts {
  readonly vocabulary: VocabularyParts;
  readonly store: Pick<TokenStore, 'find' | 'update'>;
  readonly formats: readonly TokenFormat[];
  readonly settings: () => AuthSettings;
  readonly digest: Digest;
  readonly sealer: Sealer;
  readonly keys: Pick<StoreKeys, 'isFormer'>;
  readonly policy: AuthorityEntry;
  readonly clock: Clock;
  readonly cache: WarmCache;
  /** How old an answer may be. */
  readonly cacheMilliseconds: number;
  readonly lastUsed: LastUsed;
  readonly audit: AuditSink | undefined;
  /** Whether an id was revoked in this process, even if the store does not have the revocation yet. */
  readonly isEnded: (id: string) => boolean;
  /** Called with an id that was revoked elsewhere while a token of its chain was in use here. */
  readonly onRevoked: (id: string) => void;
}

/** Where a token is presented from. */
export interface PresentedFrom {
  /** The caller's IP address. Attempts on imported keys are counted by it. */
  readonly address?: string | undefined;
}

/** Creates the function that turns a presented text into a principal, or rejects with an `AuthError`. */
export function createVerifier(
  parts: VerifierParts,
): (text: string | undefined, from?: PresentedFrom) => Promise<Principal> {
  const { vocabulary, store, formats, policy, clock, cache, lastUsed, isEnded } = parts;
  const kinds = createEnabledKinds(new Set(formats.map(({ kind }) => kind)), parts.settings);
  const refuseEvenly = createEvenRefusals(store);
  const ending = {
    store,
    isEnded,
    requireEnabled: kinds.require,
    refuseUnused: createUnusedRefusal(parts.settings),
    onRevoked(id: string): void {
      if (cache.drop(id)) parts.onRevoked(id);
    },
  };
  const fly = createSingleFlight<WarmEntry>(cache, parts.cacheMilliseconds);
  const settling = {
    store,
    raiseAlarm: createReuseAlarm(parts.audit),
    refuseEnded: (record: TokenRecord, now: number) => refuseEnded(record, now, ending),
    onChange: cache.drop,
  };

  /** What is proved goes from step to step; each of them may refuse. */
  async function verifySteps(
    token: IdentifiedToken,
    find: TokenStore['find'],
    now: number,
    address: string | undefined,
  ): Promise<WarmEntry> {
    const mark = cache.mark();
    const proof = await proveToken(token, find, now, parts, address);
    const settled = await settleRotation(proof, now, settling);
    const lineage = await readLineage(store, settled.record);
    const ends = [
      settled.endsAt,
      endOf(proof.derivation?.expiresAt),
      ...lineage.map((record) => endOf(record.expiresAt)),
    ];
    const endsAt = Math.min(...ends);
    const principal = readPrincipal({ ...proof, provedBy: settled.provedBy, lineage, endsAt }, policy, vocabulary);
    const chainKinds = await refuseEndedChain(proof.kind, lineage, principal.chain, now, ending);
    if (await renewSecret(token, proof, settled.record, parts)) cache.drop(settled.record.id);
    const tokens = lineage.map(({ id }) => id);
    const { chain } = principal;
    const entry = { chain, tokens, kinds: chainKinds, principal: Promise.resolve(principal), readAt: now, endsAt };
    cache.remember(token.text, entry, mark);
    for (const id of tokens) lastUsed.note(id, now);
    return entry;
  }

  async function verifyCold(text: string, now: number, address: string | undefined): Promise<WarmEntry> {
    const token = identifyToken(formats, text);
    if (token === undefined) throw new InvalidTokenError('AUTH_TOKEN_MALFORMED');
    const { kind } = token.format;
    try {
      // That the kind of a text without an id is disabled is reported only after the token was proved.
      if (namesItself(token)) kinds.require([kind]);
      return await refuseEvenly((find) => verifySteps(token, find, now, address));
    } catch (error) {
      // The kind lets the error explain what to do with a token of this kind.
      throw isTokenRefusal(error) ? new InvalidTokenError(error.code, { kind, cause: error }) : error;
    }
  }

  async function verifyShared(text: string, now: number, address: string | undefined): Promise<Principal> {
    const { kinds: needed, principal } = await fly(text, now, () => verifyCold(text, now, address));
    // A kind may have been switched off since the shared look has passed it.
    kinds.require(needed);
    return principal;
  }

  return function verify(text, from) {
    if (text === undefined || text === '') return Promise.reject(new InvalidTokenError('AUTH_TOKEN_MISSING'));
    // A caller in JavaScript may pass an array, as some frameworks represent a header.
    if (typeof text !== 'string') return Promise.reject(new InvalidTokenError('AUTH_TOKEN_MALFORMED'));
    const now = clock().getTime();
    const warm = cache.find(text, now);
    if (warm === undefined || !kinds.allow(warm.kinds)) return verifyShared(text, now, from?.address);
    for (const id of warm.tokens) lastUsed.note(id, now);
    return warm.principal;
  };
}
