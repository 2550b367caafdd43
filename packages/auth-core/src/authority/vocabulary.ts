import type { JsonSchema } from '../schema/json-schema.ts';
import type { Authority, DecisionContext } from './authority.ts';
import type { Coverage } from './covers.ts';
import type { AccessRequest, Decision } from './decision.ts';
import type { Grant, ParseGrantOptions } from './grant.ts';
import type { CeilingLimit, Limit, RateLimit } from './limit.ts';
import type { AuthNames } from './names.ts';
import type { AnyResourceKind, ResourceKind } from './resource-kind.ts';

/** The words of a vocabulary, as a type: what the grants, requests and decisions of a server are made of. */
export interface Words {
  /** The names of the actions. */
  readonly actions: string;
  /** The kinds of resources, by name. */
  readonly resources: Readonly<Record<string, AnyResourceKind>>;
  /** The limits, by name. */
  readonly limits: Readonly<Record<string, Limit>>;
}

/** One thing that a caller may want to do. */
export type Action<W extends Words = Words> = W['actions'];

/** The type of a rule about a resource in a grant. */
export type RuleOf<Kind> = Kind extends ResourceKind<infer Rule, infer _Asked> ? Rule : never;

/** The type of a request for a resource. */
export type AskedOf<Kind> = Kind extends ResourceKind<infer _Rule, infer Asked> ? Asked : never;

/** The name of a limit. */
export type LimitName<W extends Words = Words> = keyof W['limits'] & string;

/** The name of a limit that decisions report. */
export type CeilingName<W extends Words = Words> = {
  [Name in LimitName<W>]: W['limits'][Name] extends CeilingLimit
    ? Name
    : Limit extends W['limits'][Name]
      ? Name
      : never;
}[LimitName<W>];

/** The units that can be reserved: those of the budgets and of credits that have one. */
export type BudgetUnit<W extends Words = Words> = {
  [Name in LimitName<W>]: W['limits'][Name] extends { readonly kind: 'budget'; readonly unit: infer Unit }
    ? Unit extends string
      ? Unit
      : Name
    : W['limits'][Name] extends { readonly kind: 'credit'; readonly unit: infer Unit }
      ? Extract<Unit, string>
      : Limit extends W['limits'][Name]
        ? string
        : never;
}[LimitName<W>];

/**
 * The actions, kinds of resources and limits of a server, and the functions that read, decide and compare grants in
 * these words. Made by `defineVocabulary`.
 */
export interface Vocabulary<W extends Words = Words> {
  /** Every action, the server's own first. A grant names some of them, or `"*"` for all. */
  readonly actions: readonly Action<W>[];
  readonly resources: W['resources'];
  readonly limits: W['limits'];
  /** The names that callers see besides these words: prefixes, headers, claims. */
  readonly names: AuthNames;
  /**
   * The JSON Schema (draft 2020-12) of grants, for editors and for documentation. It is what
   * {@link Vocabulary.parseGrant} runs on.
   */
  readonly grantSchema: JsonSchema;
  /** The grant that allows everything, from anywhere, without an end. */
  readonly everything: Grant<W>;
  /**
   * Reads a grant strictly and returns a frozen copy of it, without the `$schema` that a file may name for its editor.
   *
   * Refuses unknown keys, values of the wrong type, dates, networks and patterns that mean nothing, and documents of an
   * unreasonable size (deeper than 24, more than 2000 values, texts longer than 1024, 65,536 characters altogether, 500
   * globs in a list, 8 stars in a glob, and of the dearest patterns a few dozen).
   *
   * @throws {AuthError} `AUTH_GRANT_INVALID`, with the `path` of the first fault
   */
  parseGrant(value: unknown, options?: ParseGrantOptions): Grant<W>;
  /**
   * Decides whether an authority allows a request. Pure and synchronous; the one answer for listing, calling and
   * explaining.
   *
   * A part that a request leaves out is not decided, so a listed tool may still be refused when it is called; one that
   * is not listed is never allowed. The work is bounded for all grants and arguments: a decision that takes too many
   * steps is a denial.
   *
   * @throws {TypeError} when the vocabulary lacks the action or the resource
   */
  decide(authority: Authority, request: AccessRequest<W>, context: DecisionContext): Decision<W>;
  /**
   * Returns whether a grant stays within an authority: every grant of the authority allows everything that the grant
   * allows, and the grant has no larger limits and omits no approval. An authority without grants covers nothing.
   *
   * The comparison is sound: it compares the grants as written, so the answer may be no for a grant that is actually
   * narrower, but never yes for a wider one. The work is bounded: a grant that takes too many steps is not covered.
   */
  covers(authority: Authority, grant: Grant<W>): Coverage;
}

/** A vocabulary as the library uses it internally. */
export interface VocabularyParts {
  readonly actions: readonly string[];
  readonly resources: Readonly<Record<string, AnyResourceKind>>;
  readonly limits: Readonly<Record<string, Limit>>;
  readonly names: AuthNames;
  readonly grantSchema: JsonSchema;
}

/** The actions that the library itself requires, for managing tokens and for reading the audit log and usage. */
export const CORE_ACTIONS = [
  'tokens:read',
  'tokens:write',
  'settings:read',
  'settings:write',
  'audit:read',
  'usage:read',
] as const;

/** The limits that every vocabulary has. */
export interface CoreLimits {
  readonly requestsPerMinute: RateLimit;
  readonly concurrentRequests: Extract<Limit, { readonly kind: 'concurrency' }>;
}

/** The words that every vocabulary has. */
export interface CoreWords extends Words {
  readonly actions: (typeof CORE_ACTIONS)[number];
  // biome-ignore lint/complexity/noBannedTypes: no resources
  readonly resources: {};
  readonly limits: { readonly [Name in keyof CoreLimits]: CoreLimits[Name] };
}
