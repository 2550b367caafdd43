import { FULL_GRANT } from '../authority/grant.ts';
import { parseGrant } from '../authority/parse-grant.ts';
import { endOf } from '../date-time.ts';
import { ConflictError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import type { TokenRecord } from '../store/token-store.ts';
import type { ManagementAudit } from './audit-management.ts';
import { deriveFrom } from './derive-from.ts';
import type { IssuedToken } from './issue-token.ts';
import { makeRecord } from './make-record.ts';
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
 *   const grant = { actions: ['chat'], models: ['ibm/*'] };
 *   const { token } = await auth.exchange({ name: 'nightly', grant }, caller);
 *   return token;
 * }
 * ```
 */
export interface ExchangeInput {
  /** 1 to 100 visible characters; when left out, the name of the token that is exchanged. */
  readonly name?: string;
  /** What to leave of the authority, read by `parseGrant`; all of it when left out. */
  readonly grant?: unknown;
  /** RFC 3339; when left out, the end of the token that is exchanged, if it has one. */
  readonly expiresAt?: string;
}

/**
 * How many keys that still work may come from one token, directly or by way of others. Counted for each process: those
 * that count in the same moment may pass it by one each.
 */
const MAXIMUM_DERIVED = 100;

/** Creates the function that turns a token into an API key derived from it. */
export function createExchangeToken(parts: TokenManagerParts, audit: ManagementAudit) {
  const { store, formats, settings, clock, patterns } = parts;
  const takeTurn = createTurns();

  /** Counted from the root: a key that was exchanged may be exchanged again. */
  async function requireRoom(rootId: string, now: Date): Promise<void> {
    const parents = [rootId];
    let count = 0;
    for (const parentId of parents) {
      for (const record of await store.list({ parentId })) {
        if (!isLive(record, now)) continue;
        if (++count >= MAXIMUM_DERIVED) {
          throw new ConflictError(
            `There are ${MAXIMUM_DERIVED} tokens derived from this one already. Revoke some, or let them expire.`,
          );
        }
        parents.push(record.id);
      }
    }
  }

  return async function exchange(input: ExchangeInput, by: Principal): Promise<IssuedToken> {
    requireToken(by);
    const now = clock();
    const format = findFormat('api-key', formats, settings());
    const name = input.name === undefined ? by.name : checkLabel(input.name, 'name');
    // Left out is everything; null, as of a variable that was never set, is no grant.
    const grant = parseGrant(input.grant === undefined ? FULL_GRANT : input.grant, {
      at: 'grant',
      ...(patterns && { patterns }),
    });
    checkProjectOfGrant(by.project, [{ grant, source: 'grant' }]);
    const expiresAt = input.expiresAt ?? by.expiresAt;
    const draft = {
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
    // Who asks at the same time must not find the same room.
    const { text, record } = await takeTurn(by.rootId, async () => {
      await requireRoom(by.rootId, now);
      return makeRecord(parts, format, draft, undefined);
    });
    await audit('token.exchanged', by, record, { parent: by.tokenId });
    return { token: text, record: toTokenInfo(record, now) };
  };
}

function isLive({ revokedAt, expiresAt }: TokenRecord, now: Date): boolean {
  return revokedAt === undefined && now.getTime() < endOf(expiresAt);
}
