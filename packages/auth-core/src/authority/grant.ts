import type { PatternEngine } from '../matching/pattern-engine.ts';
import type { Action, LimitName, RuleOf, Words } from './vocabulary.ts';

/** How much may be used. Each grant's limits are counted on their own. */
export type GrantLimits<W extends Words = Words> = { readonly [Name in LimitName<W>]?: number };

/** The rules about resources, each in the shape of its kind. What has no rule is denied. */
export type GrantRules<W extends Words = Words> = {
  readonly [Name in keyof W['resources'] & string]?: RuleOf<W['resources'][Name]>;
};

/** The fields that every grant has, in every vocabulary. */
export type GrantTerms<W extends Words = Words> = {
  /** What may be done; `"*"` is everything. */
  readonly actions: readonly (Action<W> | '*')[];
  /** The caller's address must be one of these or lie in one of these ranges (CIDR). Absent: from anywhere. */
  readonly networks?: readonly string[];
  /** Globs over projects. Absent: any project, or none; present: a request without a project is denied. */
  readonly projects?: readonly string[];
  /** RFC 3339; the grant allows nothing before. */
  readonly notBefore?: string;
  /** RFC 3339; the grant allows nothing from then on. */
  readonly expiresAt?: string;
  readonly limits?: GrantLimits<W>;
};

/**
 * A document that says what is allowed. What it does not mention it denies, except `networks` and `projects`,
 * which mean "any" where they are absent. Read one with the `parseGrant` of a vocabulary.
 *
 * Globs have one meaning everywhere: `*` matches any run of characters, `/` among them, and none; nothing else is
 * special; case counts; the whole text must match.
 */
export type Grant<W extends Words = Words> = GrantTerms<W> & GrantRules<W>;

/** Options of `parseGrant`. */
export interface ParseGrantOptions {
  /** Refuses patterns that this engine does not compile. */
  readonly patterns?: PatternEngine;
  /** Where the grant lies in what was sent, e.g. `grant`; put before the path of an error. */
  readonly at?: string;
}

/** The rule that a grant has about a resource; undefined when it has none. */
export function ruleOf(grant: Grant, name: string): unknown {
  return Object.hasOwn(grant, name) ? grant[name] : undefined;
}
