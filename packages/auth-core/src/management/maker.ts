import { denyTime } from '../authority/decide.ts';
import { endOf } from '../date-time.ts';
import { type AuthError, ConflictError, InvalidTokenError, PermissionDeniedError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import { nameSecret } from '../token/digest.ts';
import { TOKEN_KINDS } from '../token/token-format.ts';
import type { StandingToken, TokenRecord } from '../token/token-store.ts';
import { endOfPrevious, findFormer } from '../verification/check-secret.ts';
import { createEnabledKinds } from '../verification/enabled-kinds.ts';
import { readLineage } from '../verification/read-lineage.ts';
import { metadataOf, readEntries } from '../verification/read-principal.ts';
import { refuseEndedChain } from '../verification/refuse-ended.ts';
import { createUnusedRefusal } from '../verification/refuse-unused.ts';
import { addedEntries } from './derive-from.ts';
import { denyProject } from './select-project.ts';
import type { TokenManagerParts } from './token-manager-parts.ts';

/** The acting principal as the store has it now, and the tokens that must not change before the act is written. */
export interface Maker {
  readonly by: Principal;
  readonly standing: readonly StandingToken[];
}

/** Reads the acting principal again from the store; see {@link createMakers}. */
export interface Makers {
  /**
   * The principal as its tokens are now. They must not be revoked or expired, their kinds must be enabled, and their
   * present grants apply.
   *
   * @throws {AuthError} `AUTH_TOKEN_*`, `AUTH_PERMISSION_DENIED`, `AUTH_STORE_UNAVAILABLE`
   */
  read(by: Principal): Promise<Maker>;
  /**
   * Runs an act with the principal as it is now, and again when one of its tokens changed before the act was written.
   * The act passes `standing` to the store with its write, and returns undefined when the store refused the write.
   *
   * @throws {AuthError} as `read` and the act do; `refused` when the write was refused and the principal is unchanged
   */
  act<T>(by: Principal, act: (maker: Maker) => Promise<T | undefined>, refused?: () => AuthError): Promise<T>;
}

type MakerParts = Pick<TokenManagerParts, 'vocabulary' | 'store' | 'policy' | 'clock' | 'settings' | 'isEnded'>;

const ATTEMPTS = 10;
const NO_PRINCIPAL =
  'the last argument must be the principal that asks: what auth.verify() has answered, or auth.operator()';

/**
 * Creates the check that every act of token management begins with. A principal is verified when its request arrives;
 * before its act is written, its token may have been revoked, rotated or narrowed. So the principal is read again, and
 * the write succeeds only if its tokens have not changed since.
 */
export function createMakers(parts: MakerParts): Makers {
  const { vocabulary, store, policy, clock, isEnded } = parts;
  const kinds = createEnabledKinds(new Set(TOKEN_KINDS), parts.settings);
  // What was revoked is dropped from the cache when it is next presented.
  const ending = {
    store,
    isEnded,
    requireEnabled: kinds.require,
    refuseUnused: createUnusedRefusal(parts.settings),
    onRevoked: () => undefined,
  };

  async function read(by: Principal): Promise<Maker> {
    if (!Array.isArray(by?.authority) || !Array.isArray(by.chain)) throw new TypeError(NO_PRINCIPAL);
    if (by.kind === 'operator' || by.kind === 'anonymous') return { by, standing: [] };
    const own = await store.find(by.tokenId);
    if (own === undefined) throw new InvalidTokenError('AUTH_TOKEN_UNKNOWN');
    const lineage = await readLineage(store, own);
    const now = clock();
    await refuseEndedChain(by.kind, lineage, by.chain, now.getTime(), ending);
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

/** Refuses when the token was rotated since and the overlap of the presented secret has ended. */
function requireSecret({ provedBy }: Principal, own: TokenRecord, now: Date): void {
  if (provedBy === undefined || provedBy === nameSecret(own)) return;
  const former = findFormer(own, provedBy);
  if (former !== undefined && now.getTime() < endOfPrevious(former)) return;
  throw new InvalidTokenError('AUTH_TOKEN_ROTATED');
}

/** Takes the stored tokens as they are now, and the parts derived without the store as they were presented. */
function asItIsNow(
  by: Principal,
  lineage: readonly TokenRecord[],
  policy: Maker['by']['authority'][number],
  vocabulary: TokenManagerParts['vocabulary'],
): Principal {
  const endsAt = Math.min(endOf(by.expiresAt), ...lineage.map(({ expiresAt }) => endOf(expiresAt)));
  const { expiresAt: _, metadata: __, ...rest } = by;
  const metadata = metadataOf(lineage);
  return Object.freeze({
    ...rest,
    authority: Object.freeze([
      policy,
      ...lineage.flatMap((record) => readEntries(vocabulary, record)),
      ...addedEntries(by, policy),
    ]),
    ...(metadata !== undefined && { metadata }),
    // A time that cannot be parsed counts as past.
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
