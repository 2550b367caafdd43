import type { AuditedAct } from '../audit/audit-event.ts';
import type { Grant } from '../authority/grant.ts';
import type { Words } from '../authority/vocabulary.ts';
import { ConflictError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import { createTurns } from '../take-turns.ts';
import { kindOfDerivedId } from '../token/derived-id.ts';
import type { StoredTokenFormat } from '../token/token-format.ts';
import type { DerivedQuery, TokenRecord } from '../token/token-store.ts';
import type { ManagementAudit } from './audit-management.ts';
import { deriveFrom } from './derive-from.ts';
import { describeIssued } from './describe-change.ts';
import type { IssuedToken } from './issue-token.ts';
import { cannotBeMade, makeRecord, type TokenDraft } from './make-record.ts';
import type { Makers } from './maker.ts';
import { checkProjectOfGrant } from './select-project.ts';
import type { SettledWrite } from './settle-write.ts';
import { requireToken } from './token-access.ts';
import { toTokenInfo } from './token-info.ts';
import { checkExpiry, checkOptions, readLabel } from './token-input.ts';
import { findFormat } from './token-kind.ts';
import type { TokenManagerParts } from './token-manager-parts.ts';

/**
 * The key that a token is exchanged for.
 *
 * @example
 * ```ts
 * import type { Auth, Principal } from '@latchkey/auth-core';
 *
 * export async function keyForJob(auth: Auth, caller: Principal): Promise<string> {
 *   const grant = { actions: ['usage:read'] } as const;
 *   const { token } = await auth.exchange({ name: 'nightly', grant }, caller);
 *   return token;
 * }
 * ```
 */
export interface ExchangeInput<W extends Words = Words> {
  /** 1 to 100 visible characters; when left out, the name of the presented token. */
  readonly name?: string;
  /** The grant that narrows the authority, read by `parseGrant` of the vocabulary; all of it when left out. */
  readonly grant?: Grant<W>;
  /** RFC 3339; when left out, the expiry of the presented token, if it has one. */
  readonly expiresAt?: string;
}

const OPTIONS = ['name', 'grant', 'expiresAt'] as const satisfies readonly (keyof ExchangeInput)[];

/** The most live keys that a presented token may have made directly; keys made by other tokens do not count. */
const MAXIMUM_MADE = 100;
/** The most live keys that may descend from a derived token, directly or through other tokens. */
const MAXIMUM_THROUGH = 200;
/** The most live keys that may descend from a root token through other tokens. */
const MAXIMUM_OF_ROOT = 2000;

/**
 * Creates the function that turns a token into an API key derived from it. Each process checks these limits on its own:
 * processes that count at the same moment may each exceed them by one key.
 */
export function createExchangeToken(parts: TokenManagerParts, makers: Makers, audit: ManagementAudit) {
  const { vocabulary, store, formats, settings, clock, patterns } = parts;
  const takeTurn = createTurns();

  async function requireLess(limit: number, query: Omit<DerivedQuery, 'limit'>, by: string): Promise<void> {
    if ((await store.countDerived({ ...query, limit })) < limit) return;
    throw new ConflictError(`There are ${limit} keys ${by} already. Revoke some, or let them expire.`);
  }

  /**
   * The holder of a derived token must not be able to use up the allowance of its ancestors: what a token has made
   * directly is counted separately, and the limits of its ancestors are larger than that.
   */
  async function requireRoom({ id, tokenId, chain }: Principal, now: Date): Promise<void> {
    const at = now.toISOString();
    await requireLess(MAXIMUM_MADE, { parentId: tokenId, createdBy: id, at }, 'made with this token');
    let stored: string | undefined;
    for (const link of chain) {
      const isStored = kindOfDerivedId(link) === undefined;
      const isRoot = stored === undefined;
      if (isStored) stored = link;
      if (stored === undefined || (isRoot && link === id)) continue;
      const query = { parentId: stored, at, ...(!isStored && { through: link }) };
      await requireLess(isRoot ? MAXIMUM_OF_ROOT : MAXIMUM_THROUGH, query, `derived from token ${link}`);
    }
  }

  async function draft(input: ExchangeInput, grant: Grant, by: Principal, now: Date): Promise<Draft> {
    const format = findFormat('api-key', formats, settings());
    const name = input.name === undefined ? by.name : readLabel(input.name, 'name');
    checkProjectOfGrant(by.project, [{ grant, source: 'grant' }]);
    const expiresAt = input.expiresAt ?? by.expiresAt;
    return {
      format,
      kind: format.kind,
      name,
      grant,
      owner: by.owner,
      ...(by.project !== undefined && { project: by.project }),
      ...(await deriveFrom(by, parts)),
      createdAt: now.toISOString(),
      createdBy: by.id,
      ...(expiresAt !== undefined && { expiresAt: checkExpiry(expiresAt, by, now) }),
      version: 1,
    };
  }

  return async function exchange(input: ExchangeInput, by: Principal): Promise<IssuedToken> {
    checkOptions('exchange', input, OPTIONS);
    requireToken(by);
    // An omitted grant means everything. Null, such as from a variable that was never set, is not a grant.
    const grant = vocabulary.parseGrant(input.grant === undefined ? vocabulary.everything : input.grant, {
      at: 'grant',
      ...(patterns && { patterns }),
    });
    // One at a time: otherwise two concurrent requests could both pass the same limit.
    const { text, record } = await takeTurn(by.rootId, () =>
      makers.act(
        by,
        async (maker) => {
          const now = clock();
          await requireRoom(maker.by, now);
          const { format, ...drafted } = await draft(input, grant, maker.by, now);
          const write = async (record: TokenRecord, insert: AuditedAct, settle: () => Promise<SettledWrite>) => {
            const { parent: _, ...described } = await describeIssued(vocabulary, record);
            const details = { ...described, parent: maker.by.tokenId };
            return audit.write({ type: 'token.exchanged', by, record, details }, insert, settle);
          };
          return makeRecord(parts, format, drafted, write, maker);
        },
        () => cannotBeMade(undefined),
      ),
    );
    return { token: text, record: toTokenInfo(record, clock()) };
  };
}

/** The draft of a new key, and its format. */
type Draft = TokenDraft & { readonly format: StoredTokenFormat };
