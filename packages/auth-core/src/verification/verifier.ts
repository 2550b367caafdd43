import type { AuditSink } from '../audit/audit-event.ts';
import type { AuthorityEntry } from '../authority/authority.ts';
import type { VocabularyParts } from '../authority/vocabulary.ts';
import type { Clock } from '../clock.ts';
import { endOf } from '../date-time.ts';
import { AuthError, InvalidTokenError, StoreUnavailableError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import type { AuthSettings } from '../settings.ts';
import type { TokenRecord, TokenStore } from '../store/token-store.ts';
import { kindOfDerivedId } from '../token/derived-id.ts';
import type { Digest } from '../token/digest.ts';
import type { Sealer } from '../token/sealer.ts';
import type {
  DerivedTokenFormat,
  PresentedToken,
  StoredTokenFormat,
  TokenFormat,
  TokenKind,
} from '../token/token-format.ts';
import { type AttenuationKeys, openAttenuationKeys } from '../token/token-secrets.ts';
import { type CheckedSecret, endOfPrevious, endPrevious, matchSecret, nameSecret } from './check-secret.ts';
import type { LastUsed } from './last-used.ts';
import { readLineage } from './read-lineage.ts';
import { type ProvedToken, readPrincipal } from './read-principal.ts';
import { createEvenRefusals } from './refuse-evenly.ts';
import { createReuseAlarm } from './reuse-alarm.ts';
import type { WarmCache } from './warm-cache.ts';

/** The dependencies of a verifier. */
export interface VerifierParts {
  readonly vocabulary: VocabularyParts;
  readonly store: Pick<TokenStore, 'find' | 'update'>;
  readonly formats: readonly TokenFormat[];
  readonly settings: () => AuthSettings;
  readonly digest: Digest;
  readonly sealer: Sealer;
  readonly policy: AuthorityEntry;
  readonly clock: Clock;
  readonly cache: WarmCache;
  readonly lastUsed: LastUsed;
  readonly audit: AuditSink | undefined;
  /** Whether an id was revoked in this process, even if the store does not have the revocation yet. */
  readonly isEnded: (id: string) => boolean;
  /** Called with an id that was revoked elsewhere while a token of its chain was in use here. */
  readonly onRevoked: (id: string) => void;
}

/** A presented text whose shape is known. */
type Presented =
  | { readonly format: StoredTokenFormat; readonly parsed: PresentedToken }
  | { readonly format: DerivedTokenFormat };

/** Creates the function that turns a presented text into a principal, or rejects with an `AuthError`. */
export function createVerifier(parts: VerifierParts): (text: string | undefined) => Promise<Principal> {
  const { vocabulary, store, formats, settings, digest, sealer, policy, clock, cache } = parts;
  const { lastUsed, onRevoked, isEnded } = parts;
  const raiseAlarm = createReuseAlarm(parts.audit);
  const refuseEvenly = createEvenRefusals(store);
  const served: ReadonlySet<TokenKind> = new Set(formats.map(({ kind }) => kind));

  function read(text: string): Presented | undefined {
    for (const format of formats) {
      if (format.type === 'derived') {
        if (format.matches(text)) return { format };
        continue;
      }
      const parsed = format.parse(text);
      if (parsed !== undefined) return { format, parsed };
    }
    return undefined;
  }

  async function proveStored(
    format: StoredTokenFormat,
    parsed: PresentedToken,
    find: TokenStore['find'],
    now: number,
  ): Promise<ProvedToken> {
    const { kind } = format;
    const id = parsed.id ?? (await digest.idOf(kind, parsed.secret));
    const found = await find(id);
    const checked = matchSecret(found, await digest.of(kind, { id, secret: parsed.secret }));
    return { kind, ...(await settleRotation(checked, now)) };
  }

  async function proveDerived(
    format: DerivedTokenFormat,
    text: string,
    find: TokenStore['find'],
    now: number,
  ): Promise<ProvedToken> {
    const { kind } = format;
    const parents = new Map<string, TokenRecord | undefined>();
    async function findParent(id: string): Promise<TokenRecord | undefined> {
      if (!parents.has(id)) parents.set(id, await find(id));
      return parents.get(id);
    }
    let keys: AttenuationKeys = {};
    const derivation = await format.prove(text, {
      now: new Date(now),
      vocabulary,
      idOfCommitment: digest.idOfCommitment,
      async attenuationKeysOf(id) {
        keys = await openAttenuationKeys(sealer, await findParent(id));
        return [keys.current, keys.previous].filter((key) => key !== undefined);
      },
    });
    const { parentId, expiresAt, provedBy } = derivation;
    const record = await findParent(parentId);
    if (record === undefined) throw new InvalidTokenError('AUTH_TOKEN_UNKNOWN');
    const end = endOf(expiresAt);
    if (!(now < end)) throw new InvalidTokenError('AUTH_TOKEN_EXPIRED');
    // A token that was not proved by an attenuation key does not end with the secret that it was made with.
    if (provedBy === undefined) return { kind, derivation, lineage: await readLineage(store, record), endsAt: end };
    const isCurrent = provedBy === keys.current;
    const settled = await settleRotation({ record, isCurrent }, now);
    return { kind, derivation, ...settled, endsAt: Math.min(end, settled.endsAt) };
  }

  /** Ends the former secret when the present one is used, and refuses the former one after its end. */
  async function settleRotation(
    { record, isCurrent }: CheckedSecret,
    now: number,
  ): Promise<Pick<ProvedToken, 'lineage' | 'endsAt' | 'provedBy'>> {
    const { previous } = record;
    const provedBy = nameSecret(isCurrent || previous === undefined ? record : previous);
    if (previous === undefined || (isCurrent && previous.endsAt !== undefined)) {
      return { lineage: await readLineage(store, record), endsAt: Number.POSITIVE_INFINITY, provedBy };
    }
    refuseEnded(record, now);
    if (isCurrent) {
      const settled = await endPrevious(store, record, now);
      cache.drop(record.id);
      return { lineage: await readLineage(store, settled), endsAt: Number.POSITIVE_INFINITY, provedBy };
    }
    const endsAt = endOfPrevious(previous);
    if (!(now < endsAt)) {
      await raiseAlarm(record, now);
      throw new InvalidTokenError('AUTH_TOKEN_ROTATED');
    }
    return { lineage: await readLineage(store, record), endsAt, provedBy };
  }

  /** Refuses when any token of the chain was revoked, has expired, or is of a disabled kind. */
  async function refuseEndedChain(
    { lineage, kind }: ProvedToken,
    chain: readonly string[],
    now: number,
  ): Promise<readonly TokenKind[]> {
    const stored = new Set(lineage.map(({ id }) => id));
    const derived = chain.filter((id) => !stored.has(id));
    const kinds = [
      kind,
      ...lineage.map((record) => record.kind),
      ...derived.flatMap((id) => kindOfDerivedId(id) ?? []),
    ];
    if (!allEnabled(kinds)) throw new InvalidTokenError('AUTH_TOKEN_KIND_DISABLED');
    for (const record of lineage) refuseEnded(record, now);
    // A derived token that is not stored itself may have been revoked: the store then has its tombstone.
    const stones = await Promise.all(derived.map((id) => store.find(id)));
    for (const stone of stones) {
      if (stone !== undefined) refuseEnded(stone, now);
    }
    // Checked last: nothing is awaited between this and the answer.
    if (chain.some(isEnded)) throw new InvalidTokenError('AUTH_TOKEN_REVOKED');
    return [...new Set(kinds)];
  }

  async function verifyByStore(
    text: string,
    presented: Presented,
    find: TokenStore['find'],
    now: number,
  ): Promise<Principal> {
    const mark = cache.mark();
    const proved =
      'parsed' in presented
        ? await proveStored(presented.format, presented.parsed, find, now)
        : await proveDerived(presented.format, text, find, now);
    const endsAt = Math.min(proved.endsAt, ...proved.lineage.map(({ expiresAt }) => endOf(expiresAt)));
    const principal = readPrincipal({ ...proved, endsAt }, policy, vocabulary);
    const kinds = await refuseEndedChain(proved, principal.chain, now);
    const tokens = proved.lineage.map(({ id }) => id);
    const { chain } = principal;
    cache.remember(text, { chain, tokens, kinds, principal: Promise.resolve(principal), readAt: now, endsAt }, mark);
    for (const id of tokens) lastUsed.note(id, now);
    return principal;
  }

  async function verifyCold(text: string, now: number): Promise<Principal> {
    const presented = read(text);
    if (presented === undefined) throw new InvalidTokenError('AUTH_TOKEN_MALFORMED');
    const { kind } = presented.format;
    try {
      return await verifyPresented(text, presented, now);
    } catch (error) {
      // The kind lets the error explain what to do with a token of this kind.
      throw error instanceof InvalidTokenError ? new InvalidTokenError(error.code, { kind, cause: error }) : error;
    }
  }

  async function verifyPresented(text: string, presented: Presented, now: number): Promise<Principal> {
    // A token whose text has no id may be any text. That its kind is disabled is reported only after the token was
    // proved.
    const named = !('parsed' in presented) || presented.parsed.id !== undefined;
    if (named && !allEnabled([presented.format.kind])) throw new InvalidTokenError('AUTH_TOKEN_KIND_DISABLED');
    return refuseEvenly((find) => verifyByStore(text, presented, find, now));
  }

  /** Whether kinds are served and enabled. @throws `AUTH_STORE_UNAVAILABLE` when the settings cannot be read */
  function allEnabled(wanted: readonly TokenKind[]): boolean {
    let switches: AuthSettings['kinds'];
    try {
      switches = settings().kinds;
    } catch (cause) {
      throw cause instanceof AuthError ? cause : new StoreUnavailableError(cause);
    }
    return wanted.every((kind) => served.has(kind) && switches[kind]);
  }

  /** Called only after the token, or one derived from it, was proved, so that its state is not revealed to others. */
  function refuseEnded(record: TokenRecord, now: number): void {
    if (record.revokedAt !== undefined) {
      if (cache.drop(record.id)) onRevoked(record.id);
      throw new InvalidTokenError('AUTH_TOKEN_REVOKED');
    }
    if (!(now < endOf(record.expiresAt))) throw new InvalidTokenError('AUTH_TOKEN_EXPIRED');
  }

  /** False when the settings cannot be read: the full verification then decides. */
  function areStillEnabled(kinds: readonly TokenKind[]): boolean {
    try {
      return allEnabled(kinds);
    } catch {
      return false;
    }
  }

  return function verify(text) {
    if (text === undefined || text === '') return Promise.reject(new InvalidTokenError('AUTH_TOKEN_MISSING'));
    // A caller in JavaScript may pass an array, as some frameworks represent a header.
    if (typeof text !== 'string') return Promise.reject(new InvalidTokenError('AUTH_TOKEN_MALFORMED'));
    const now = clock().getTime();
    const warm = cache.find(text, now);
    if (warm === undefined || !areStillEnabled(warm.kinds)) return verifyCold(text, now);
    for (const id of warm.tokens) lastUsed.note(id, now);
    return warm.principal;
  };
}
