import { fieldsOf, textOf } from './json.ts';

/** One grant that every request must satisfy. */
export interface IdentityGrant {
  /** The origin of the grant: `server policy`, `token ci-bot`. */
  readonly source: string;
  /** The grant's document. */
  readonly grant: Readonly<Record<string, unknown>>;
}

/** The state of one limit of one grant. */
export interface IdentityLimit {
  /** E.g. `tokensPerDay`. */
  readonly name: string;
  /** The origin of the grant with this limit. */
  readonly source: string;
  /** The place of the rule for tools that has it; absent for a limit of the whole grant. */
  readonly rule?: string;
  readonly limit: number;
  readonly remaining: number;
  /** In how many seconds all of it is available again; absent where each request gives back what it took. */
  readonly resetSeconds?: number;
}

/** The holder of a token. A newer server may return more than this. */
export interface Identity {
  readonly id: string;
  /** `api-key`, `personal-access`… */
  readonly kind: string;
  readonly name: string;
  readonly owner: string;
  /** The owner's e-mail address; null where the owner is not called by one. */
  readonly email: string | null;
  readonly project: string | null;
  /** What the token may do: each grant must allow a request. */
  readonly authority: readonly IdentityGrant[];
  readonly limits: readonly IdentityLimit[];
  /** RFC 3339; null: never. */
  readonly expiresAt: string | null;
}

/** Reads what `GET /api/v1/whoami` answers; undefined when it is something else. */
export function readIdentity(body: unknown): Identity | undefined {
  const said = fieldsOf(body);
  const { id, kind, name, owner } = said;
  if (typeof id !== 'string' || typeof kind !== 'string') return undefined;
  if (typeof name !== 'string' || typeof owner !== 'string') return undefined;
  const authority = listOf(said.authority, readGrant);
  const limits = listOf(said.limits, readLimit);
  if (authority === undefined || limits === undefined) return undefined;
  const project = textOf(said.project) ?? null;
  const [email, expiresAt] = [textOf(said.email) ?? null, textOf(said.expiresAt) ?? null];
  return { ...said, id, kind, name, owner, email, project, authority, limits, expiresAt };
}

function readGrant(value: unknown): IdentityGrant | undefined {
  const { source, grant } = fieldsOf(value);
  return typeof source === 'string' ? { source, grant: fieldsOf(grant) } : undefined;
}

function readLimit(value: unknown): IdentityLimit | undefined {
  const { name, source, rule, limit, remaining, resetSeconds } = fieldsOf(value);
  if (typeof name !== 'string' || typeof source !== 'string') return undefined;
  if (typeof limit !== 'number' || typeof remaining !== 'number') return undefined;
  const more = { ...(typeof rule === 'string' && { rule }), ...(typeof resetSeconds === 'number' && { resetSeconds }) };
  return { name, source, limit, remaining, ...more };
}

/** All members of a list, or undefined when one of them cannot be read. */
function listOf<T>(value: unknown, read: (member: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const members = value.map(read).filter((member) => member !== undefined);
  return members.length === value.length ? members : undefined;
}
