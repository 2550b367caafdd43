import type { AuditedAct } from '../audit/audit-event.ts';
import type { Grant } from '../authority/grant.ts';
import type { Words } from '../authority/vocabulary.ts';
import { GrantNotCoveredError, InvalidInputError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import type { JsonObject } from '../schema/copy-json.ts';
import type { StoredTokenFormat, StoredTokenKind } from '../token/token-format.ts';
import type { TokenRecord } from '../token/token-store.ts';
import type { ManagementAudit } from './audit-management.ts';
import { deriveFrom } from './derive-from.ts';
import { describeIssued } from './describe-change.ts';
import { cannotBeMade, isFree, makeRecord, type TokenDraft } from './make-record.ts';
import type { Makers } from './maker.ts';
import { projectOfNew } from './select-project.ts';
import type { SettledWrite } from './settle-write.ts';
import { isAdministrator, isDerived, requireAction, type TokenAccess } from './token-access.ts';
import { expiryOfNew } from './token-expiry.ts';
import { type TokenInfo, toTokenInfo } from './token-info.ts';
import { checkNotes, checkOptions, checkRotateAfter, readLabel } from './token-input.ts';
import { findFormat } from './token-kind.ts';
import type { TokenManagerParts } from './token-manager-parts.ts';
import { readMetadata } from './token-metadata.ts';

/**
 * The token to issue.
 *
 * @example
 * ```ts
 * import { createApiKeyFormat, createAuth, createLegacyFormat, createMemoryTokenStore } from '@latchkey/auth-core';
 *
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const formats = [createApiKeyFormat(), createLegacyFormat()];
 * const auth = createAuth({ store: createMemoryTokenStore(), digestKey, formats });
 * const input = { name: 'old client', kind: 'legacy' as const, grant: { actions: ['usage:read'] } as const, notes: 'until June' };
 * const { record } = await auth.issue(input, auth.operator());
 * console.log(await auth.reveal(record.id, auth.operator())); // 40 hexadecimal digits
 * ```
 */
export interface IssueInput<W extends Words = Words> {
  /** 1 to 100 visible characters; need not be unique. */
  readonly name: string;
  /** `api-key` when left out. */
  readonly kind?: StoredTokenKind;
  /** Read by `parseGrant` of the vocabulary. */
  readonly grant: Grant<W>;
  /** When left out, the issuer's owner. Only an issuer with every action may name another one. */
  readonly owner?: string;
  /** When left out, the issuer's project, if it has one. An issuer of a project makes only tokens of that project. */
  readonly project?: string;
  /**
   * RFC 3339; when left out, the expiry of the issuing token, if it has one. A personal access token always expires:
   * when left out, after `personalAccessTokenSeconds`. A legacy token never does.
   */
  readonly expiresAt?: string;
  /** Up to 2000 visible characters, on one or more lines. */
  readonly notes?: string;
  /**
   * A JSON object that the host keeps on the token, such as the customer that it is for: up to 4096 bytes, 8 levels
   * deep. Only an issuer with every action may give it. When left out, that of the issuing token: a copy, or, for what
   * a derived token makes, always the present one. Not for secrets: lists and `Principal.metadata` show it.
   */
  readonly metadata?: JsonObject;
  /** After how many seconds the token is due for a new secret; 90 days when left out. */
  readonly rotateAfterSeconds?: number;
  /** The text of a custom key; not allowed for any other kind. */
  readonly secret?: string;
  /** Accepts a custom key even if it is easy to guess. */
  readonly force?: boolean;
}

/** A new token, or a token with a new secret: its text, which is returned only once, and its record. */
export interface IssuedToken<W extends Words = Words> {
  /** The token itself. Except for a legacy token, it cannot be shown again: if it is lost, rotate it. */
  readonly token: string;
  readonly record: TokenInfo<W>;
}

/** The draft of a new token, and its format. */
type Draft = TokenDraft & { readonly format: StoredTokenFormat };

/** Creates the function that issues tokens. */
export function createIssueToken(
  parts: TokenManagerParts,
  access: TokenAccess,
  makers: Makers,
  audit: ManagementAudit,
) {
  const { vocabulary, formats, settings, clock, patterns } = parts;

  function readCoveredGrant(grant: unknown, by: Principal): Grant {
    const parsed = vocabulary.parseGrant(grant, { at: 'grant', ...(patterns && { patterns }) });
    const coverage = vocabulary.covers(access.ownAuthority(by), parsed);
    if (!coverage.covered) throw new GrantNotCoveredError(coverage.reason);
    return parsed;
  }

  function metadataOfNew(asked: unknown, by: Principal): JsonObject | undefined {
    if (asked !== undefined) return readMetadata(asked, access.ownAuthority(by));
    return isDerived(by) ? undefined : by.metadata;
  }

  async function draft(input: IssueInput, by: Principal): Promise<Draft> {
    requireAction(by, 'tokens:write');
    const now = clock();
    const { kind = 'api-key', notes, rotateAfterSeconds } = input;
    const format = findFormat(kind, formats, settings());
    checkSecret(input, format);
    const owner = input.owner === undefined ? by.owner : readLabel(input.owner, 'owner');
    if (owner !== by.owner && !isAdministrator(access.ownAuthority(by))) {
      throw new GrantNotCoveredError('owner is another one, which only an issuer with every action may name');
    }
    const grant = readCoveredGrant(input.grant, by);
    const project = projectOfNew(input.project, by, [{ grant, source: 'grant' }]);
    const metadata = metadataOfNew(input.metadata, by);
    const expiresAt = expiryOfNew({ kind, asked: input.expiresAt, by, now, settings: settings() });
    return {
      format,
      kind,
      name: readLabel(input.name, 'name'),
      grant,
      owner,
      ...(project !== undefined && { project }),
      ...(metadata !== undefined && { metadata }),
      ...(notes !== undefined && { notes: checkNotes(notes) }),
      ...(rotateAfterSeconds !== undefined && { rotateAfterSeconds: checkRotateAfter(rotateAfterSeconds) }),
      // A token made by a derived token must end with the tokens that the derived one came from.
      ...(isDerived(by) && (await deriveFrom(by, parts))),
      createdAt: now.toISOString(),
      createdBy: by.id,
      ...(expiresAt !== undefined && { expiresAt }),
      version: 1,
    };
  }

  async function issue(input: IssueInput, by: Principal): Promise<IssuedToken> {
    checkOptions('issue', input, OPTIONS);
    const { text, record } = await makers.act(
      by,
      async (maker) => {
        const { format, ...drafted } = await draft(input, maker.by);
        const { standing } = maker;
        const write = async (record: TokenRecord, insert: AuditedAct, settle: () => Promise<SettledWrite>) =>
          audit.write(
            { type: 'token.issued', by: maker.by, record, details: await describeIssued(vocabulary, record) },
            insert,
            settle,
          );
        return makeRecord(parts, format, drafted, write, { standing, secret: input.secret });
      },
      () => cannotBeMade(input.secret),
    );
    return { token: text, record: toTokenInfo(record, clock()) };
  }

  async function checkIssue(input: IssueInput, asked: Principal): Promise<void> {
    checkOptions('checkIssue', input, OPTIONS);
    const { by } = await makers.read(asked);
    const { format, ...drafted } = await draft(input, by);
    if (!(await isFree(parts, format, drafted, input.secret))) throw cannotBeMade(input.secret);
  }

  return { issue, checkIssue };
}

const OPTIONS = [
  'name',
  'kind',
  'grant',
  'owner',
  'project',
  'expiresAt',
  'notes',
  'rotateAfterSeconds',
  'metadata',
  'secret',
  'force',
] as const satisfies readonly (keyof IssueInput)[];

function checkSecret({ secret, force }: IssueInput, { kind, weaknessOf }: StoredTokenFormat): void {
  if (kind !== 'custom') {
    if (secret !== undefined) throw new InvalidInputError('secret', 'is for custom keys only: say kind "custom"');
    return;
  }
  if (typeof secret !== 'string') throw new InvalidInputError('secret', 'must be given: the text of the custom key');
  const weakness = force === true ? undefined : weaknessOf?.(secret);
  if (weakness !== undefined) throw new InvalidInputError('secret', weakness);
}
