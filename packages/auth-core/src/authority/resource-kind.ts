import type { PatternEngine } from '../matching/pattern-engine.ts';
import type { Steps } from '../matching/steps.ts';
import type { TestedTexts } from '../matching/test-pattern.ts';
import type { AskedPath } from '../schema/evaluate.ts';
import type { ArgumentConstraint, JsonSchema } from '../schema/json-schema.ts';
import type { AskedPaths, ResolvePath } from './asked-paths.ts';
import type { Window } from './limit.ts';

/** The input of a rule besides the request. When something that the rule needs is absent, the rule denies. */
export interface RuleContext {
  /** Counts the work; a decision that takes too many steps is a denial. */
  readonly steps: Steps;
  /** Runs patterns in linear time. */
  readonly patterns?: PatternEngine;
  /** Whether a path is in a folder. */
  readonly isWithin?: (asked: AskedPath) => boolean;
  /** The results of patterns that were tested in the same decision. */
  readonly tested?: TestedTexts;
}

/** The answer of a rule. Anything but `allowed: true` denies. */
export type RuleVerdict =
  | {
      readonly allowed: true;
      /** A person must agree first. */
      readonly approval?: boolean;
      /** What is counted each time that it is done; see `Meter.use`. */
      readonly limits?: readonly RuleLimit[];
    }
  | {
      readonly allowed: false;
      /** A readable text; it contains names, never values that only the caller knows. */
      readonly reason: string;
      /** The name of the rule that denied, where that is not the name of the resource. */
      readonly rule?: string;
    };

/** A place in a rule: keys and indexes, from the outermost. */
export type RulePath = readonly (string | number)[];

/** How often a rule allows what it matches, in each window of time, for each token. */
export interface RuleLimit {
  readonly name: string;
  /** A whole number, at least 1: a rule that never allows anything is not a rule. */
  readonly limit: number;
  readonly window: Window;
  /** Where the rule is. What is counted for one place is counted together. */
  readonly at: RulePath;
}

/** The checks with which a kind refuses rules that a JSON Schema cannot refuse. */
export interface RuleCheck {
  /** Refuses the grant. @throws {AuthError} `AUTH_GRANT_INVALID` */
  refuse(path: RulePath, problem: string): never;
  /** Refuses globs that are too many or have too many stars. */
  globs(globs: readonly string[] | undefined, path: RulePath): void;
  /** Refuses globs over hosts that are not in the form in which hosts are compared. */
  hosts(hosts: readonly string[] | undefined, path: RulePath): void;
  /**
   * Refuses a condition on an argument that is meaningless or too expensive.
   *
   * @throws {TypeError} when the kind has no `conditions`
   */
  constraint(constraint: ArgumentConstraint, path: RulePath): void;
}

/** What conditions on arguments are refused with, besides what a {@link RuleCheck} has. */
export interface ConditionCheck extends Omit<RuleCheck, 'constraint'> {
  /** Refuses ranges of addresses that mean nothing. */
  ranges(ranges: readonly string[] | undefined, path: RulePath): void;
  readonly patterns: {
    readonly engine: PatternEngine | undefined;
    /** Whether every pattern must be within the bounds of a new grant. */
    readonly bounded: boolean;
    /** The steps that are left for compiling the patterns of the grant. */
    readonly left: { steps: number };
  };
}

/** SEAM: how conditions on arguments are read, and how the paths in them are looked up. See `argumentConditions`. */
export interface Conditions {
  check(constraint: ArgumentConstraint, path: RulePath, check: ConditionCheck): void;
  openPaths(resolvePath: ResolvePath, steps: Steps): AskedPaths;
}

/** Replaces paths, where a rule requires a path inside a folder. */
export interface RulePlaces {
  readonly steps: Steps;
  /** The values with real paths where a constraint has `within`; the same object if none changes. */
  readonly inPlace: (
    constraints: Readonly<Record<string, ArgumentConstraint>>,
    values: Readonly<Record<string, unknown>>,
  ) => Readonly<Record<string, unknown>>;
}

/**
 * Whether a rule stays within another one: `true`, or the place where it goes beyond. Anything but `true` counts as
 * beyond.
 */
export type RuleCoverage = boolean | { readonly at: RulePath };

/**
 * SEAM: a kind of resource that grants have rules about: how a rule is read, decided and compared.
 * `resourceKindContract` in `@latchkey/auth-core/testing` is the contract that it must meet. Its most important parts:
 * an added rule never widens, and the answer of `covers` is sound.
 *
 * `names()`, `hosts()` and `tools()` are built in. A grant without a rule allows nothing of the kind; the kind is not
 * called then.
 *
 * @example
 * ```ts
 * import { defineVocabulary, type ResourceKind } from '@latchkey/auth-core';
 *
 * // A rule is the largest amount; what is asked is an amount.
 * const amounts: ResourceKind<number, number> = {
 *   schema: { type: 'number', minimum: 0 },
 *   everything: Number.MAX_VALUE,
 *   decide: (rule, asked) => (asked <= rule ? { allowed: true } : { allowed: false, reason: `more than ${rule}` }),
 *   covers: (parent, child) => parent !== undefined && child <= parent,
 * };
 * const vocabulary = defineVocabulary({ actions: ['refunds:write'], resources: { refunds: amounts } });
 * const grant = vocabulary.parseGrant({ actions: ['refunds:write'], refunds: 50 });
 * console.log(grant.refunds); // 50
 * ```
 */
export interface ResourceKind<Rule, Asked> {
  /** The JSON Schema of a rule: the closed subset that grants are read with. */
  readonly schema: JsonSchema;
  /** The definitions that `schema` refers to as `#/$defs/NAME`. */
  readonly definitions?: Readonly<Record<string, JsonSchema>>;
  /** The rule that allows everything of the kind. */
  readonly everything: Rule;
  /**
   * `argumentConditions`, for a kind whose rules have conditions on arguments: what they need is in no bundle without
   * such a kind. Without it there is no `RuleCheck.constraint`, no `RuleContext.isWithin`, and nothing is placed.
   */
  readonly conditions?: Conditions;
  /** Refuses rules that the schema cannot refuse: see {@link RuleCheck}. */
  check?(rule: Rule, check: RuleCheck): void;
  /** Describes the request in a readable form, e.g. `invoice 2026-17`. By default, the name of the resource. */
  describe?(asked: Asked): string;
  /** Decides a request; a pure function. */
  decide(rule: Rule, asked: Asked, context: RuleContext): RuleVerdict;
  /**
   * Returns whether the parent allows everything that the child allows. It errs on the safe side: the answer may be no
   * although it is so, but never yes when it is not.
   *
   * @param parent undefined when the parent's grant has no rule, and so allows nothing of the kind
   */
  covers(parent: Rule | undefined, child: Rule, steps: Steps): RuleCoverage;
  /** Returns the request with real paths where a rule requires a path inside a folder. */
  place?(rule: Rule, asked: Asked, places: RulePlaces): Asked;
  /** The names that represent a rule in an audit entry. By default, the items of a list or the keys of an object. */
  names?(rule: Rule): readonly string[];
  /** Every limit that `decide` may return for a rule, to show what is left of it. */
  limits?(rule: Rule): readonly RuleLimit[];
  /** Converts a rule from a caveat in the first notation to the present one. */
  formerly?(rule: Rule): Rule;
}

/** A resource kind of any type. */
export type AnyResourceKind = ResourceKind<unknown, unknown>;
