import type { Grant } from '../authority/grant.ts';
import type { Words } from '../authority/vocabulary.ts';
import { GrantNotCoveredError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import type { JsonObject } from '../schema/copy-json.ts';
import type { TokenRecord } from '../token/token-store.ts';
import { readGrant } from '../verification/read-principal.ts';
import type { ManagementAudit } from './audit-management.ts';
import { describeEdited, EDITABLE } from './describe-change.ts';
import type { Makers } from './maker.ts';
import { requireNotEnded } from './require-not-ended.ts';
import { checkProjectOfGrant } from './select-project.ts';
import { settleUpdate } from './settle-write.ts';
import {
  coversAll,
  requireAction,
  requireSameChain,
  requireSameEnd,
  type TokenAccess,
  type VisibleToken,
} from './token-access.ts';
import { expiryOfEdited } from './token-expiry.ts';
import { type TokenInfo, toTokenInfo } from './token-info.ts';
import { checkNotes, checkOptions, checkRotateAfter, readLabel } from './token-input.ts';
import type { TokenManagerParts } from './token-manager-parts.ts';
import { readMetadata, requireMetadataRight } from './token-metadata.ts';

/** The fields of a token to change. Fields that are left out stay unchanged. */
export interface EditInput<W extends Words = Words> {
  readonly name?: string;
  /** Read by `parseGrant` of the vocabulary. */
  readonly grant?: Grant<W>;
  /**
   * RFC 3339, or null for a token that never expires. The expiry of a personal access token can only be moved earlier;
   * a legacy token has none.
   */
  readonly expiresAt?: string | null;
  /** Null removes the notes. */
  readonly notes?: string | null;
  /** Replaces all of it; null removes it. Only a token with every action may. See `IssueInput.metadata`. */
  readonly metadata?: JsonObject | null;
  /** Null sets the default of 90 days. */
  readonly rotateAfterSeconds?: number | null;
}

/** Creates the function that edits tokens. */
export function createEditToken(parts: TokenManagerParts, access: TokenAccess, makers: Makers, audit: ManagementAudit) {
  const { vocabulary, store, clock, patterns, onChange } = parts;

  function readNewGrant(grant: unknown, token: VisibleToken, by: Principal): Grant {
    const { record, lineage } = token;
    const parsed = vocabulary.parseGrant(grant, { at: 'grant', ...(patterns && { patterns }) });
    const inherited = lineage.authority.slice(0, -1);
    const coverage = coversAll(vocabulary, access.ownAuthority(by), [...inherited, { grant: parsed, source: 'grant' }]);
    if (!coverage.covered) throw new GrantNotCoveredError(coverage.reason);
    checkProjectOfGrant(record.project, [{ grant: parsed, source: 'grant' }]);
    // A grant that is wider than before must not outlast the principal that gives it.
    if (!vocabulary.covers([{ grant: readGrant(vocabulary, record), source: 'grant' }], parsed).covered)
      requireSameEnd(by, token);
    return parsed;
  }

  async function change(id: string, input: EditInput, by: Principal): Promise<Change> {
    requireAction(by, 'tokens:write');
    const now = clock();
    const found = await access.findVisible(id, by, 'tokens:write');
    requireSameChain(by, found);
    requireNotEnded(found.record, now, 'cannot be changed');
    const { expiresAt, notes, rotateAfterSeconds, metadata, ...rest } = found.record;
    const own = access.ownAuthority(by);
    if (input.metadata !== undefined) requireMetadataRight(own);
    const after = {
      ...rest,
      ...(input.name !== undefined && { name: readLabel(input.name, 'name') }),
      ...keep('notes', input.notes, notes, checkNotes),
      ...keep('metadata', input.metadata, metadata, (given) => readMetadata(given, own)),
      ...keep('rotateAfterSeconds', input.rotateAfterSeconds, rotateAfterSeconds, checkRotateAfter),
      ...keepExpiry(input.expiresAt === undefined ? expiresAt : expiryOfEdited(found.record, input.expiresAt, by, now)),
      ...(input.grant !== undefined && { grant: readNewGrant(input.grant, found, by) }),
      version: rest.version + 1,
    };
    return { before: found.record, after };
  }

  return async function edit(id: string, input: EditInput, by: Principal): Promise<TokenInfo> {
    checkOptions('edit', input, EDITABLE);
    const changed = await makers.act(by, async (maker) => {
      const { before, after } = await change(id, input, maker.by);
      const details = await describeEdited(vocabulary, input, before, after);
      const isEdited = await audit.write(
        { type: 'token.edited', by, record: after, details },
        (transaction) => store.update(after, before.version, maker.standing, transaction),
        () => settleUpdate(before, after, parts),
      );
      return isEdited ? after : undefined;
    });
    onChange(id, 'edited');
    return toTokenInfo(changed, clock());
  };
}

interface Change {
  readonly before: TokenRecord;
  readonly after: TokenRecord;
}

/** The field with its present value when none was given, without a value for null, else with the given value. */
function keep<K extends string, T>(
  name: K,
  asked: T | null | undefined,
  present: T | undefined,
  check: (value: T) => T,
): { readonly [P in K]?: T } {
  const value = asked === undefined ? present : asked === null ? undefined : check(asked);
  return (value === undefined ? {} : { [name]: value }) as { readonly [P in K]?: T };
}

function keepExpiry(expiresAt: string | undefined): Pick<TokenRecord, 'expiresAt'> {
  return expiresAt === undefined ? {} : { expiresAt };
}
