import { createHash } from 'node:crypto';

/** Who has signed in at the provider, by claims that were verified. */
export interface Person {
  readonly issuer: string;
  readonly subject: string;
  /** Whom the person's tokens belong to: a verified e-mail address, else a name that is not an address. */
  readonly owner: string;
  readonly groups: readonly string[];
}

const OWNER_CHARACTERS = 100;
const MOST_GROUPS = 10_000;
/** An owner is shown wherever a token is, so it must look like nothing else. */
const PLAIN = /^[!-~]{1,100}$/;

/** The claims of an ID token or of the UserInfo endpoint (OpenID Connect Core 1.0, section 5.1). */
export type Claims = Readonly<Record<string, unknown>>;

/**
 * Reads who a person is. An e-mail address counts only where the provider says that it was verified: with some
 * providers a person can write any address into an account. A claim of groups that is one text is one group.
 */
export function readPerson(issuer: string, subject: string, claims: Claims, groupsClaim: string): Person {
  const { email, email_verified: isVerified } = claims;
  const isOwner = typeof email === 'string' && isVerified === true && PLAIN.test(email);
  const named = claims[groupsClaim];
  const groups = typeof named === 'string' ? [named] : Array.isArray(named) ? named.slice(0, MOST_GROUPS) : [];
  return {
    issuer,
    subject,
    owner: isOwner ? email : ownerOf(issuer, subject),
    groups: groups.filter((group) => typeof group === 'string'),
  };
}

/**
 * The owner without an address. Logins at MCP servers go by the owner, so no two persons have one, and a subject that
 * a person could choose, such as the address of another one, is never one by itself.
 */
function ownerOf(issuer: string, subject: string): string {
  const owner = `${subject} (${issuer.replace(/^https?:\/\//, '')})`;
  if (PLAIN.test(subject) && owner.length <= OWNER_CHARACTERS) return owner;
  const digest = createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('hex');
  return `person ${digest}`;
}

/** What the members of a group may do. */
export interface GroupGrant<G> {
  readonly group: string;
  readonly grant: G;
}

/** The grant of the first entry that fits a person; `*` fits each. Undefined when none does. */
export const grantOf = <G>(grants: readonly GroupGrant<G>[], { groups }: Pick<Person, 'groups'>): G | undefined =>
  grants.find(({ group }) => group === '*' || groups.includes(group))?.grant;
