import { denyTime } from '../authority/decide.ts';
import { endOf } from '../date-time.ts';
import {
  AuthError,
  ConflictError,
  InvalidTokenError,
  PermissionDeniedError,
  StoreUnavailableError,
} from '../errors.ts';
import type { Principal } from '../principal.ts';
import type { AuthSettings } from '../settings.ts';
import type { StandingToken, TokenRecord } from '../store/token-store.ts';
import { kindOfDerivedId } from '../token/derived-id.ts';
import { endOfPrevious, nameSecret } from '../verification/check-secret.ts';
import { readLineage } from '../verification/read-lineage.ts';
import { readEntries } from '../verification/read-principal.ts';
import { denyProject } from './select-project.ts';
import type { TokenManagerParts } from './token-manager-parts.ts';

/** Who acts, as the store has it now, and what must not change before the act is written. */
export interface Maker {
  readonly by: Principal;
  readonly standing: readonly StandingToken[];
}

/** Reads who acts anew; see {@link createMakers}. */
export interface Makers {
  /**
   * The principal as the tokens behind it are now: alive, of kinds that are switched on, in their time, with the grants
   * that they have by now.
   *
   * @throws {AuthError} `AUTH_TOKEN_*`, `AUTH_PERMISSION_DENIED`, `AUTH_STORE_UNAVAILABLE`
   */
  read(by: Principal): Promise<Maker>;
  /**
   * Lets a principal act as it is now, and again when one of its tokens was changed before the act was written. The act
   * gives `standing` to the store with what it writes, and answers undefined when the store has refused that.
   *
   * @throws {AuthError} what `read` and the act do; `refused` when it was not the principal that has changed
   */
  act<T>(by: Principal, act: (maker: Maker) => Promise<T | undefined>, refused?: () => AuthError): Promise<T>;
}

type MakerParts = Pick<TokenManagerParts, 'vocabulary' | 'store' | 'policy' | 'clock' | 'settings' | 'isEnded'>;

const ATTEMPTS = 10;
const NO_PRINCIPAL =
  'the last argument must be the principal that asks: what auth.verify() has answered, or auth.operator()';

/**
 * Creates what every act of administration begins with. A principal was verified when its request came, and by the time
 * that its act is written its token may have been revoked, rotated or narrowed: so it is read again, and what is written
 * is written only while all of that stands.
 */
export function createMakers(parts: MakerParts): Makers {
  const { vocabulary, store, policy, clock, settings, isEnded } = parts;

  async function read(by: Principal): Promise<Maker> {
    if (!Array.isArray(by?.authority) || !Array.isArray(by.chain)) throw new TypeError(NO_PRINCIPAL);
    if (by.kind === 'operator' || by.kind === 'anonymous') return { by, standing: [] };
    const own = await store.find(by.tokenId);
    if (own === undefined) throw new InvalidTokenError('AUTH_TOKEN_UNKNOWN');
    const lineage = await readLineage(store, own);
    const stored = new Set(lineage.map(({ id }) => id));
    const derived = by.chain.filter((id) => !stored.has(id));
    const stones = (await Promise.all(derived.map((id) => store.find(id)))).filter((stone) => stone !== undefined);
    const now = clock();
    requireKinds(settings, [
      by.kind,
      ...lineage.map(({ kind }) => kind),
      ...derived.flatMap((id) => kindOfDerivedId(id) ?? []),
    ]);
    if (by.chain.some(isEnded)) throw new InvalidTokenError('AUTH_TOKEN_REVOKED');
    for (const record of [...lineage, ...stones]) requireRunning(record, now);
    requireSecret(by, own, now);
    const principal = asItIsNow(by, lineage, policy, vocabulary);
    if (!(now.getTime() < endOf(principal.expiresAt))) throw new InvalidTokenError('AUTH_TOKEN_EXPIRED');
    const denial =
      denyTime(principal.authority, now) ?? (by.project === undefined ? undefined : denyProject(principal, by.project));
    if (denial !== undefined) throw new PermissionDeniedError(denial);
    return { by: principal, standing: lineage.map(({ id, version }) => ({ id, version })) };
  }

  return {
    read,
    async act(by, act, refused = () => new ConflictError()) {
      let maker = await read(by);
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const result = await act(maker);
        if (result !== undefined) return result;
        const again = await read(by);
        if (isSame(maker, again)) throw refused();
        maker = again;
      }
      throw refused();
    },
  };
}

function requireKinds(
  settings: () => AuthSettings,
  kinds: readonly Exclude<Principal['kind'], 'operator' | 'anonymous'>[],
): void {
  let switches: AuthSettings['kinds'];
  try {
    switches = settings().kinds;
  } catch (cause) {
    throw cause instanceof AuthError ? cause : new StoreUnavailableError(cause);
  }
  if (kinds.some((kind) => !switches[kind])) throw new InvalidTokenError('AUTH_TOKEN_KIND_DISABLED');
}

function requireRunning({ revokedAt, expiresAt }: TokenRecord, now: Date): void {
  if (revokedAt !== undefined) throw new InvalidTokenError('AUTH_TOKEN_REVOKED');
  if (!(now.getTime() < endOf(expiresAt))) throw new InvalidTokenError('AUTH_TOKEN_EXPIRED');
}

/** A token may have got another secret since, and the time of the one that was presented may be over. */
function requireSecret({ provedBy }: Principal, own: TokenRecord, now: Date): void {
  if (provedBy === undefined || provedBy === nameSecret(own)) return;
  const { previous } = own;
  if (previous !== undefined && provedBy === nameSecret(previous) && now.getTime() < endOfPrevious(previous)) return;
  throw new InvalidTokenError('AUTH_TOKEN_ROTATED');
}

/** What the stored tokens say is read anew; what was derived from them without the store is what was presented. */
function asItIsNow(
  by: Principal,
  lineage: readonly TokenRecord[],
  policy: Maker['by']['authority'][number],
  vocabulary: TokenManagerParts['vocabulary'],
): Principal {
  const own = by.authority.findIndex(({ id }) => id === by.tokenId);
  const added = own < 0 ? by.authority.filter((entry) => entry !== policy) : by.authority.slice(own + 1);
  const endsAt = Math.min(endOf(by.expiresAt), ...lineage.map(({ expiresAt }) => endOf(expiresAt)));
  const { expiresAt: _, ...rest } = by;
  return Object.freeze({
    ...rest,
    authority: Object.freeze([policy, ...lineage.flatMap((record) => readEntries(vocabulary, record)), ...added]),
    // A time that cannot be read has come.
    ...(endsAt !== Number.POSITIVE_INFINITY && { expiresAt: toText(endsAt) }),
  });
}

function toText(milliseconds: number): string {
  return new Date(Number.isNaN(milliseconds) ? 0 : milliseconds).toISOString();
}

function isSame(before: Maker, after: Maker): boolean {
  return (
    before.standing.length === after.standing.length &&
    before.standing.every(({ id, version }, index) => {
      const other = after.standing[index];
      return other?.id === id && other.version === version;
    })
  );
}
