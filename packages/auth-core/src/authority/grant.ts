import type { PatternEngine } from '../matching/pattern-engine.ts';
import type { Action, LimitName, RuleOf, Words } from './vocabulary.ts';

/** How much may be used. The limits of each grant are counted separately. */
export type GrantLimits<W extends Words = Words> = { readonly [Name in LimitName<W>]?: number };

/** The rules about resources, each in the form of its kind. A resource without a rule is denied. */
export type GrantRules<W extends Words = Words> = {
  readonly [Name in keyof W['resources'] & string]?: RuleOf<W['resources'][Name]>;
};

/** The fields that every grant has, in every vocabulary. */
export type GrantTerms<W extends Words = Words> = {
  /** The allowed actions; `"*"` is all of them. */
  readonly actions: readonly (Action<W> | '*')[];
  /** The caller's address must be one of these or be in one of these ranges (CIDR). Absent: any address. */
  readonly networks?: readonly string[];
  /** Globs over projects. Absent: any project, or none; present: a request without a project is denied. */
  readonly projects?: readonly string[];
  /** RFC 3339; the grant allows nothing before this time. */
  readonly notBefore?: string;
  /** RFC 3339; the grant allows nothing from this time on. */
  readonly expiresAt?: string;
  readonly limits?: GrantLimits<W>;
};

/**
 * A document that says what is allowed. What it does not mention it denies, except `networks` and `projects`,
 * which mean "any" where they are absent. Read one with the `parseGrant` of a vocabulary.
 *
 * Globs have one meaning everywhere: `*` matches any run of characters, including `/` and the empty run; no other
 * character is special; matching is case-sensitive; the whole text must match.
 */
export type Grant<W extends Words = Words> = GrantTerms<W> & GrantRules<W>;

/** Options of `parseGrant`. */
export interface ParseGrantOptions {
  /** Patterns that this engine does not compile are refused. */
  readonly patterns?: PatternEngine;
  /** The path of the grant in the input, e.g. `grant`; it is prefixed to the path of an error. */
  readonly at?: string;
}

/** The rule of a grant about a resource; undefined when it has none. */
export function ruleOf(grant: Grant, name: string): unknown {
  return Object.hasOwn(grant, name) ? grant[name] : undefined;
}

/** Whether a grant names an action. */
export function allowsAction(grant: Grant, action: string): boolean {
  return grant.actions.includes('*') || grant.actions.includes(action);
}
