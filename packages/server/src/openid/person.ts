/** Who has signed in at the provider, by claims that were verified. */
export interface Person {
  readonly issuer: string;
  readonly subject: string;
  /** Whom the person's tokens belong to: a verified e-mail address, else the subject. */
  readonly owner: string;
  readonly groups: readonly string[];
}

const OWNER_CHARACTERS = 100;
const MOST_GROUPS = 10_000;
/** One line of what a person can see: an owner is shown wherever a token is. */
const VISIBLE = /^(?! )[\p{L}\p{M}\p{N}\p{P}\p{S} ]{1,100}(?<! )$/u;

/** The claims of an ID token or of the UserInfo endpoint (OpenID Connect Core 1.0, section 5.1). */
export type Claims = Readonly<Record<string, unknown>>;

/**
 * Reads who a person is. An e-mail address counts only where the provider says that it was verified: with some
 * providers a person can write any address into an account. A claim of groups that is one text is one group.
 */
export function readPerson(issuer: string, subject: string, claims: Claims, groupsClaim: string): Person {
  const { email, email_verified: isVerified } = claims;
  const isOwner = typeof email === 'string' && isVerified === true && isLabel(email);
  const named = claims[groupsClaim];
  const groups = typeof named === 'string' ? [named] : Array.isArray(named) ? named.slice(0, MOST_GROUPS) : [];
  return {
    issuer,
    subject,
    owner: isOwner ? email : ownerOf(subject),
    groups: groups.filter((group) => typeof group === 'string'),
  };
}

const isLabel = (text: string): boolean => text.length <= OWNER_CHARACTERS && VISIBLE.test(text);

/** A subject has up to 255 ASCII characters; an owner fewer. */
const ownerOf = (subject: string): string =>
  isLabel(subject) ? subject : subject.replace(/[^!-~]/g, '_').slice(0, 100);

/** What the members of a group may do. */
export interface GroupGrant<G> {
  readonly group: string;
  readonly grant: G;
}

/** The grant of the first entry that fits a person; `*` fits each. Undefined when none does. */
export const grantOf = <G>(grants: readonly GroupGrant<G>[], { groups }: Pick<Person, 'groups'>): G | undefined =>
  grants.find(({ group }) => group === '*' || groups.includes(group))?.grant;
