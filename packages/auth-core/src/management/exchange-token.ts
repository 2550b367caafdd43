import type { AuditedAct } from '../audit/audit-event.ts';
import type { Grant } from '../authority/grant.ts';
import type { Words } from '../authority/vocabulary.ts';
import { ConflictError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import type { DerivedQuery, TokenRecord } from '../store/token-store.ts';
import { kindOfDerivedId } from '../token/derived-id.ts';
import type { StoredTokenFormat } from '../token/token-format.ts';
import type { ManagementAudit } from './audit-management.ts';
import { deriveFrom } from './derive-from.ts';
import { describeIssued } from './describe-change.ts';
import type { IssuedToken } from './issue-token.ts';
import { cannotBeMade, makeRecord, type TokenDraft } from './make-record.ts';
import type { Makers } from './maker.ts';
import { checkProjectOfGrant } from './select-project.ts';
import { createTurns } from './take-turns.ts';
import { requireToken } from './token-access.ts';
import { toTokenInfo } from './token-info.ts';
import { checkExpiry, checkLabel } from './token-input.ts';
import { findFormat } from './token-kind.ts';
import type { TokenManagerParts } from './token-manager-parts.ts';

/**
 * What to turn a token into.
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
  /** 1 to 100 visible characters; when left out, the name of the token that is exchanged. */
  readonly name?: string;
  /** What to leave of the authority, read by `parseGrant` of the vocabulary; all of it when left out. */
  readonly grant?: Grant<W>;
  /** RFC 3339; when left out, the end of the token that is exchanged, if it has one. */
  readonly expiresAt?: string;
}

/** How many keys that still work a presented token may have made itself, whatever others have made of it. */
const MAXIMUM_MADE = 100;
/** How many may come from one that was derived, by itself or by way of what was derived from it. */
const MAXIMUM_THROUGH = 200;
/** How many may come from a root by way of what was derived from it. */
const MAXIMUM_OF_ROOT = 2000;

/**
 * Creates the function that turns a token into an API key derived from it. The bounds are counted for each process:
 * those that count in the same moment may pass them by one each.
 */
export function createExchangeToken(parts: TokenManagerParts, makers: Makers, audit: ManagementAudit) {
  const { vocabulary, store, formats, settings, clock, patterns } = parts;
  const takeTurn = createTurns();

  async function requireLess(limit: number, query: Omit<DerivedQuery, 'limit'>, by: string): Promise<void> {
    if ((await store.countDerived({ ...query, limit })) < limit) return;
    throw new ConflictError(`There are ${limit} keys ${by} already. Revoke some, or let them expire.`);
  }

  /**
   * Whoever has a derived token must not use up the places of those that it was derived from: what a token has made
   * itself is counted on its own, and its ancestors bound what comes of it with more room than that.
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
    const name = input.name === undefined ? by.name : checkLabel(input.name, 'name');
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
    requireToken(by);
    // Left out is everything; null, as of a variable that was never set, is no grant.
    const grant = vocabulary.parseGrant(input.grant === undefined ? vocabulary.everything : input.grant, {
      at: 'grant',
      ...(patterns && { patterns }),
    });
    // Who asks at the same time must not find the same room.
    const { text, record } = await takeTurn(by.rootId, () =>
      makers.act(
        by,
        async (maker) => {
          const now = clock();
          await requireRoom(maker.by, now);
          const { format, ...drafted } = await draft(input, grant, maker.by, now);
          const write = async (record: TokenRecord, insert: AuditedAct): Promise<boolean> => {
            const { parent: _, ...described } = await describeIssued(vocabulary, record);
            const details = { ...described, parent: maker.by.tokenId };
            return audit.write({ type: 'token.exchanged', by, record, details }, insert);
          };
          return makeRecord(parts, format, drafted, write, maker);
        },
        () => cannotBeMade(undefined),
      ),
    );
    return { token: text, record: toTokenInfo(record, clock()) };
  };
}

/** A key that is to be made, and in which format. */
type Draft = TokenDraft & { readonly format: StoredTokenFormat };
