import { endOf } from '../date-time.ts';
import { ConflictError, GrantNotCoveredError, InvalidInputError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import { formerSecrets } from '../token/former-secrets.ts';
import type { PreviousSecret, TokenRecord } from '../token/token-store.ts';
import { endOfPrevious, findFormer } from '../verification/check-secret.ts';
import type { ManagementAudit } from './audit-management.ts';
import type { IssuedToken } from './issue-token.ts';
import { keepMinted } from './make-record.ts';
import type { Makers } from './maker.ts';
import { requireNotEnded } from './require-not-ended.ts';
import { settleUpdate } from './settle-write.ts';
import { isAdministrator, requireAction, requireSameChain, requireSameEnd, type TokenAccess } from './token-access.ts';
import { expiryOfRotated } from './token-expiry.ts';
import { toTokenInfo } from './token-info.ts';
import { checkOptions } from './token-input.ts';
import { findFormat } from './token-kind.ts';
import type { TokenManagerParts } from './token-manager-parts.ts';

/** The options of a rotation. */
export interface RotateInput {
  /**
   * How long the present secret remains valid: from 0 seconds to 30 days, or until the new one is first used. When left
   * out, it ends at once. A secret before the present one remains valid as it was, and no longer than the present one,
   * as long as nothing newer than it was used: the answer to the rotation before may have been lost.
   */
  readonly overlap?: { readonly seconds: number } | 'until-first-use';
  /**
   * RFC 3339; when left out, the token keeps its expiry. A personal access token then lives for another
   * `personalAccessTokenSeconds`, but not longer than the caller's token.
   */
  readonly expiresAt?: string;
}

const MAXIMUM_OVERLAP_SECONDS = 30 * 86_400;

/** A token with its new secret, before it is stored. */
interface Rotation {
  readonly text: string;
  readonly before: TokenRecord;
  readonly rotated: TokenRecord;
  readonly overlapEndsAt: string;
}

/** Creates the function that gives tokens new secrets. */
export function createRotateToken(
  parts: TokenManagerParts,
  access: TokenAccess,
  makers: Makers,
  audit: ManagementAudit,
) {
  const { store, formats, settings, clock, onChange } = parts;

  async function mintAgain(id: string, input: RotateInput, asked: Principal): Promise<Rotation> {
    // A caller may always rotate its own token: that gives it no more permissions and no later expiry.
    if (asked.id !== id) requireAction(asked, 'tokens:write');
    const now = clock();
    const end = readOverlap(input.overlap, now);
    const found = await access.findVisible(id, asked, 'tokens:write');
    const by = isRetry(found.record, asked, now) ? withEnd(asked, found.lineage.endsAt) : asked;
    const { expiresAt: _, previous: __, ...record } = found.record;
    if (record.kind === 'custom') throw new InvalidInputError('kind', CUSTOM);
    const format = findFormat(record.kind, formats, settings());
    requireNotEnded(found.record, now, 'gets no new secret');
    // The caller receives the rotated token, so it must be one that the caller could have made.
    requireSameChain(by, found);
    requireSameEnd(by, found);
    if (record.owner !== by.owner && !isAdministrator(access.ownAuthority(by))) {
      throw new GrantNotCoveredError('its owner is another one, whose tokens only who has every action may rotate');
    }
    const request = { kind: format.kind, asked: input.expiresAt, by, now, settings: settings() };
    const expiresAt = expiryOfRotated(found.record, request);
    const minted = await format.mint({
      id,
      owner: record.owner,
      issuedAt: now,
      ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt) }),
    });
    const rotated: TokenRecord = {
      ...record,
      ...(await keepMinted(parts, format, { ...minted, id })),
      previous: keepSecret(found.record, { end, now, bySelf: by.id === id }),
      ...(expiresAt !== undefined && { expiresAt }),
      rotatedAt: now.toISOString(),
      version: record.version + 1,
    };
    return { text: minted.text, before: found.record, rotated, overlapEndsAt: end ?? 'first-use' };
  }

  return async function rotate(id: string, input: RotateInput, by: Principal): Promise<IssuedToken> {
    checkOptions('rotate', input, ['overlap', 'expiresAt'] satisfies readonly (keyof RotateInput)[]);
    const { text, rotated } = await makers.act(by, async (maker) => {
      const rotation = await mintAgain(id, input, maker.by);
      const { before, rotated: record, overlapEndsAt } = rotation;
      const entry = { type: 'token.rotated', by, record, details: { overlapEndsAt } } as const;
      const isRotated = await audit.write(
        entry,
        (transaction) => store.update(record, before.version, maker.standing, transaction),
        () => settleUpdate(before, record, parts),
      );
      return isRotated ? rotation : undefined;
    });
    onChange(id, 'edited');
    return { token: text, record: toTokenInfo(rotated, clock()) };
  };
}

const CUSTOM = 'is custom, and only you can choose the text of a custom key. Import another one and revoke this one';

/** When the present secret ends; undefined when it ends with the first use of the new one. */
function readOverlap(overlap: RotateInput['overlap'], now: Date): string | undefined {
  if (overlap === 'until-first-use') return undefined;
  const seconds = overlap === undefined ? 0 : overlap?.seconds;
  if (!(Number.isInteger(seconds) && seconds >= 0 && seconds <= MAXIMUM_OVERLAP_SECONDS)) {
    throw new InvalidInputError(
      'overlap',
      `must be a whole number of seconds from 0 to ${MAXIMUM_OVERLAP_SECONDS} (30 days), or "until-first-use"`,
    );
  }
  return new Date(now.getTime() + seconds * 1000).toISOString();
}

/** The most secrets of one token that may be valid besides the one that it gets. */
const MOST_FORMER = 8;
const TOO_MANY = `The token has ${MOST_FORMER} former secrets that are valid. Use the latest one that you have, or let them end.`;

/** What is kept of the present secret: its attenuation key, and the secrets before it, only if it remains valid. */
function keepSecret(
  { digest, attenuationKey, previous }: Pick<TokenRecord, 'digest' | 'attenuationKey' | 'previous'>,
  { end, now, bySelf }: { readonly end: string | undefined; readonly now: Date; readonly bySelf: boolean },
): PreviousSecret {
  const counts = end === undefined || end !== now.toISOString();
  const before = counts ? keepValid(previous, end, now) : undefined;
  const kept: PreviousSecret = {
    digest,
    ...(counts && attenuationKey !== undefined && { attenuationKey }),
    ...(end !== undefined && { endsAt: end }),
    ...(end !== undefined && counts && bySelf && { retry: 'open' }),
    ...(before !== undefined && { previous: before }),
  };
  if (formerSecrets({ previous: kept }).length > MOST_FORMER) throw new ConflictError(TOO_MANY);
  return kept;
}

/** The former secrets that are still valid. They end no later than `latest`. */
function keepValid(
  secret: PreviousSecret | undefined,
  latest: string | undefined,
  now: Date,
): PreviousSecret | undefined {
  if (secret === undefined) return undefined;
  const { previous, endsAt = latest, ...rest } = secret;
  const before = keepValid(previous, latest, now);
  if (!(now.getTime() < endOfPrevious(secret))) return before;
  const end = latest !== undefined && endOf(latest) < endOf(endsAt) ? latest : endsAt;
  return { ...rest, ...(end !== undefined && { endsAt: end }), ...(before !== undefined && { previous: before }) };
}

/**
 * Whether a token rotates itself by a former secret, and nothing newer was used: the answer to the rotation before may
 * have been lost. Its holder then gets what the token is, and not only what is left of the overlap.
 */
function isRetry(record: TokenRecord, { id, provedBy }: Principal, now: Date): boolean {
  const former = id === record.id ? findFormer(record, provedBy) : undefined;
  return former?.retry === 'open' && now.getTime() < endOfPrevious(former);
}

function withEnd({ expiresAt: _, ...by }: Principal, endsAt: number): Principal {
  return { ...by, ...(Number.isFinite(endsAt) && { expiresAt: new Date(endsAt).toISOString() }) };
}
