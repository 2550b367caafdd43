import type { Authority, AuthorityEntry } from '../authority/authority.ts';
import { type Coverage, NOTHING_TO_GIVE } from '../authority/covers.ts';
import { denyAction } from '../authority/decide.ts';
import type { DeniedDecision } from '../authority/decision.ts';
import type { CoreWords, Vocabulary } from '../authority/vocabulary.ts';
import { endOf } from '../date-time.ts';
import { GrantNotCoveredError, PermissionDeniedError, TokenNotFoundError } from '../errors.ts';
import { createGiveWay } from '../give-way.ts';
import type { Principal } from '../principal.ts';
import type { TokenRecord, TokenStore } from '../token/token-store.ts';
import { lineageOf, type TokenLineage } from './token-lineage.ts';

/** A stored token that a principal may see, with its lineage. */
export interface VisibleToken {
  readonly record: TokenRecord;
  readonly lineage: TokenLineage;
}

/** Decides which tokens a principal may see, and what it may do with them. */
export interface TokenAccess {
  /** What the principal may do, without the server's policy, which applies to every token anyway. */
  ownAuthority(by: Principal): Authority;
  /** @throws {AuthError} `AUTH_PERMISSION_DENIED`, `AUTH_TOKEN_NOT_FOUND` */
  findVisible(id: string, by: Principal, action: CoreWords['actions']): Promise<VisibleToken>;
  /** The given tokens that the principal may see; their ancestors are read with `find`. */
  filterVisible(records: readonly TokenRecord[], by: Principal, find?: TokenStore['find']): Promise<TokenRecord[]>;
}

/** Creates the access checks over a store. */
export function createTokenAccess(
  store: Pick<TokenStore, 'find'>,
  policy: AuthorityEntry,
  vocabulary: Vocabulary,
): TokenAccess {
  const ownAuthority = (by: Principal) => by.authority.filter((entry) => entry !== policy);

  function isVisible({ record, lineage }: VisibleToken, by: Principal): boolean {
    // A record of these kinds is a tombstone, not a token.
    if (record.kind === 'access' || record.kind === 'attenuated') return false;
    if (isItself(record, by)) return true;
    if (by.project !== undefined && record.project !== by.project) return false;
    return coversAll(vocabulary, ownAuthority(by), lineage.authority).covered;
  }

  return {
    ownAuthority,
    async findVisible(id, by, action) {
      if (by.id !== id) requireAction(by, action);
      const record = await store.find(id);
      if (record === undefined) throw new TokenNotFoundError();
      const lineage = await lineageOf(record, store.find, vocabulary);
      if (!isVisible({ record, lineage }, by)) throw new TokenNotFoundError();
      return { record, lineage };
    },
    async filterVisible(records, by, read = store.find) {
      const known = new Map(records.map((record) => [record.id, record]));
      const find = async (id: string) => known.get(id) ?? (await read(id));
      const visible: TokenRecord[] = [];
      // Comparing two grants may take 50 ms.
      const giveWay = createGiveWay();
      for (const record of records) {
        await giveWay();
        if (isVisible({ record, lineage: await lineageOf(record, find, vocabulary) }, by)) visible.push(record);
      }
      return visible;
    },
  };
}

/** A second check after that of the route: managing tokens needs the action, however the call arrived. */
export function requireAction(by: Principal, action: CoreWords['actions']): void {
  const denial = denyAction(by.authority, action);
  if (denial !== undefined) throw new PermissionDeniedError(denial);
}

/** Refuses a principal without a token. */
export function requireToken(by: Principal): void {
  if (by.kind === 'operator' || by.kind === 'anonymous') throw new PermissionDeniedError(NO_TOKEN);
}

const NO_TOKEN: DeniedDecision = Object.freeze({
  allowed: false,
  grant: 0,
  source: 'nobody',
  rule: 'authority',
  reason: 'only who presents a token can do that',
});

/** Whether the record is the principal's own token. */
export function isItself(record: TokenRecord, by: Principal): boolean {
  return record.id === by.id;
}

/** Whether an authority holds every action, so that its holder may act for other owners. */
export function isAdministrator(authority: Authority): boolean {
  return authority.every(({ grant }) => grant.actions.includes('*'));
}

/** Whether a principal was derived from another token. It must not make or change a token that outlives that one. */
export function isDerived(by: Principal): boolean {
  return by.chain.length > 1;
}

/**
 * Whether one authority stays within another. Each grant of the outer authority must cover some grant of the inner
 * one: what all grants of the inner one allow, the covered grant allows as well.
 */
export function coversAll(vocabulary: Vocabulary, outer: Authority, inner: Authority): Coverage {
  for (const bound of outer) {
    let coverage: Coverage | undefined;
    for (const { grant } of inner) {
      coverage = vocabulary.covers([bound], grant);
      if (coverage.covered) break;
    }
    if (coverage?.covered !== true) return coverage ?? NOTHING_TO_GIVE;
  }
  return outer.length === 0 ? NOTHING_TO_GIVE : { covered: true };
}

/** Whether a principal may see and end every token, also one that it has never seen. */
export function coversEverything(
  vocabulary: Vocabulary,
  { authority, project }: Principal,
  policy: AuthorityEntry,
): boolean {
  const own = authority.filter((entry) => entry !== policy);
  const everything = [{ grant: vocabulary.everything, source: 'everything' }];
  return project === undefined && coversAll(vocabulary, own, everything).covered;
}

/** Refuses to let a derived principal change a token that would remain valid after the principal's chain has ended. */
export function requireSameChain(by: Principal, { lineage }: VisibleToken): void {
  if (!isDerived(by) || lineage.chain.includes(by.id)) return;
  throw new GrantNotCoveredError('a derived token changes only itself and what was derived from it');
}

/**
 * Refuses when a token lasts longer than the principal that gains from it. That may be the principal's own token: a
 * caller whose presented secret is about to end must not get one that lasts longer.
 */
export function requireSameEnd(by: Principal, { lineage }: VisibleToken): void {
  if (by.expiresAt === undefined) return;
  if (lineage.endsAt <= endOf(by.expiresAt)) return;
  throw new GrantNotCoveredError(`the token lasts beyond ${by.expiresAt}, when the one that changes it ends`);
}
