import type { Action } from '../authority/action.ts';
import { covers } from '../authority/covers.ts';
import { type AuthorityEntry, denyAction } from '../authority/decide.ts';
import type { Grant } from '../authority/grant.ts';
import { parseGrant } from '../authority/parse-grant.ts';
import type { Clock } from '../clock.ts';
import { ConflictError, GrantNotCoveredError, PermissionDeniedError, TokenNotFoundError } from '../errors.ts';
import type { PatternEngine } from '../matching/pattern-engine.ts';
import type { Principal } from '../principal.ts';
import type { TokenRecord, TokenStore } from '../store/token-store.ts';
import type { Digest } from '../token/digest.ts';
import type { TokenFormat } from '../token/token-format.ts';
import { readGrant } from '../verification/read-principal.ts';
import { checkExpiry, checkLabel } from './token-input.ts';

/** What may be told of a token: all that is stored but its digest. */
export type TokenInfo = Omit<TokenRecord, 'digest'>;

/** What to issue. */
export interface IssueInput {
  /** 1 to 100 visible characters; need not be unique. */
  readonly name: string;
  /** Read by `parseGrant`. */
  readonly grant: unknown;
  /** RFC 3339; when left out, the end of the issuing token, if it has one. */
  readonly expiresAt?: string;
  /** When left out, the issuer's owner. Only an issuer with every action may name another one. */
  readonly owner?: string;
  /** When left out, the issuer's project, if it has one. */
  readonly project?: string;
}

/** What to change of a token; what is left out stays. */
export interface EditInput {
  readonly name?: string;
  /** Read by `parseGrant`. */
  readonly grant?: unknown;
  /** RFC 3339, or null for a token that never expires. */
  readonly expiresAt?: string | null;
}

/** A new token: its text, this one time, and what is known of it. */
export interface IssuedToken {
  /** The token itself. It is stored nowhere: who loses it needs another one. */
  readonly token: string;
  readonly record: TokenInfo;
}

/** What managing tokens works with. */
export interface TokenManagerParts {
  readonly store: TokenStore;
  readonly format: TokenFormat;
  readonly digest: Digest;
  readonly policy: AuthorityEntry;
  readonly clock: Clock;
  readonly patterns: PatternEngine | undefined;
  /** Told at once when a token was changed or revoked. */
  readonly onChange: (id: string, change: 'edited' | 'revoked') => void;
}

const ATTEMPTS = 10;

/** Issues, lists, shows, edits and revokes tokens, each within the authority of who asks. */
export function createTokenManager(parts: TokenManagerParts) {
  const { store, format, digest, policy, clock, patterns, onChange } = parts;

  /** Every token is held to the server's policy as it is, so a grant need not repeat it to be covered. */
  const ownAuthority = (by: Principal) => by.authority.filter((entry) => entry !== policy);

  const isVisible = (record: TokenRecord, by: Principal) =>
    isItself(record, by) || covers(ownAuthority(by), readGrant(record)).covered;

  function readCoveredGrant(grant: unknown, by: Principal): Grant {
    const parsed = parseGrant(grant, { at: 'grant', ...(patterns && { patterns }) });
    const coverage = covers(ownAuthority(by), parsed);
    if (!coverage.covered) throw new GrantNotCoveredError(coverage.reason);
    return parsed;
  }

  async function findVisible(id: string, by: Principal, action: Action): Promise<TokenRecord> {
    if (by.id !== id) requireAction(by, action);
    const record = await store.find(id);
    if (record === undefined || !isVisible(record, by)) throw new TokenNotFoundError();
    return record;
  }

  async function issue(input: IssueInput, by: Principal): Promise<IssuedToken> {
    requireAction(by, 'tokens:write');
    const now = clock();
    const owner = input.owner ?? by.owner;
    if (owner !== by.owner && !isAdministrator(ownAuthority(by))) {
      throw new GrantNotCoveredError('owner is another one, which only an issuer with every action may name');
    }
    const project = input.project ?? by.project;
    const expiresAt = input.expiresAt ?? by.expiresAt;
    const details = {
      kind: format.kind,
      name: checkLabel(input.name, 'name'),
      grant: readCoveredGrant(input.grant, by),
      owner: checkLabel(owner, 'owner'),
      ...(project !== undefined && { project: checkLabel(project, 'project') }),
      createdAt: now.toISOString(),
      createdBy: by.id,
      ...(expiresAt !== undefined && { expiresAt: checkExpiry(expiresAt, by, now) }),
      version: 1,
    };
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { id, secret, text } = format.mint();
      const record = { id, ...details, digest: await digest.of(format.kind, { id, secret }) };
      if (await store.insert(record)) return { token: text, record: toInfo(record) };
    }
    throw new ConflictError();
  }

  async function list(by: Principal): Promise<TokenInfo[]> {
    requireAction(by, 'tokens:read');
    const records = await store.list({});
    return records.filter((record) => isVisible(record, by)).map(toInfo);
  }

  async function show(id: string, by: Principal): Promise<TokenInfo> {
    return toInfo(await findVisible(id, by, 'tokens:read'));
  }

  async function edit(id: string, input: EditInput, by: Principal): Promise<TokenInfo> {
    requireAction(by, 'tokens:write');
    const { expiresAt: end, ...record } = await findVisible(id, by, 'tokens:write');
    const expiresAt = input.expiresAt === undefined ? end : changeExpiry(input.expiresAt, by);
    const changed = {
      ...record,
      ...(input.name !== undefined && { name: checkLabel(input.name, 'name') }),
      ...(input.grant !== undefined && { grant: readCoveredGrant(input.grant, by) }),
      ...(expiresAt !== undefined && { expiresAt }),
      version: record.version + 1,
    };
    if (!(await store.update(changed, record.version))) throw new ConflictError();
    onChange(id, 'edited');
    return toInfo(changed);
  }

  function changeExpiry(expiresAt: string | null, by: Principal): string | undefined {
    if (expiresAt !== null) return checkExpiry(expiresAt, by, clock());
    if (by.expiresAt === undefined) return undefined;
    throw new GrantNotCoveredError('a token that ends cannot make one that never does');
  }

  async function revoke(id: string, by: Principal): Promise<TokenInfo> {
    // Whatever else happens to the token meanwhile, a revocation goes through.
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const record = await findVisible(id, by, 'tokens:write');
      if (record.revokedAt !== undefined) return toInfo(record);
      const revoked = { ...record, revokedAt: clock().toISOString(), version: record.version + 1 };
      if (!(await store.update(revoked, record.version))) continue;
      onChange(id, 'revoked');
      return toInfo(revoked);
    }
    throw new ConflictError();
  }

  return { issue, list, show, edit, revoke };
}

/** A second lock behind the route's: who manages tokens needs the action, whatever way the call came. */
function requireAction(by: Principal, action: Action): void {
  const denial = denyAction(by.authority, action);
  if (denial !== undefined) throw new PermissionDeniedError(denial);
}

function isItself(record: TokenRecord, by: Principal): boolean {
  return record.id === by.id;
}

function isAdministrator(authority: readonly AuthorityEntry[]): boolean {
  return authority.every(({ grant }) => grant.actions.includes('*'));
}

function toInfo({ digest: _, ...info }: TokenRecord): TokenInfo {
  return info;
}
