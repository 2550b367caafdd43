import type { PatternEngine } from '../matching/pattern-engine.ts';
import type { Steps } from '../matching/steps.ts';
import type { TestedTexts } from '../matching/test-pattern.ts';
import type { AskedPath } from '../schema/evaluate.ts';
import type { ArgumentConstraint, JsonSchema } from '../schema/json-schema.ts';

/** What a rule is decided with, beside what is asked. Where something is absent that a rule needs, the rule denies. */
export interface RuleContext {
  /** Counts the work; what takes too many steps is denied. */
  readonly steps: Steps;
  /** Runs patterns in linear time. */
  readonly patterns?: PatternEngine;
  /** Whether a path lies in a folder. */
  readonly isWithin?: (asked: AskedPath) => boolean;
  /** What texts were to patterns that have been asked about in the same question. */
  readonly tested?: TestedTexts;
}

/** What a rule says. Whatever is not `allowed: true` denies. */
export type RuleVerdict =
  | {
      readonly allowed: true;
      /** A person must agree first. */
      readonly approval?: boolean;
    }
  | {
      readonly allowed: false;
      /** Human words; they hold names, never values that only the caller knows. */
      readonly reason: string;
      /** The name of the rule that denied, where that is not the name of the resource. */
      readonly rule?: string;
    };

/** Where in a rule something is: keys and indexes, from the outermost. */
export type RulePath = readonly (string | number)[];

/** What a kind checks its rules with, where the JSON Schema cannot say what is wrong. */
export interface RuleCheck {
  /** Refuses the grant. @throws {AuthError} `AUTH_GRANT_INVALID` */
  refuse(path: RulePath, problem: string): never;
  /** Refuses globs that are too many or have too many stars. */
  globs(globs: readonly string[] | undefined, path: RulePath): void;
  /** Refuses globs over hosts that are not written as hosts are compared. */
  hosts(hosts: readonly string[] | undefined, path: RulePath): void;
  /** Refuses a condition on an argument that means nothing or is too dear. */
  constraint(constraint: ArgumentConstraint, path: RulePath): void;
}

/** What takes the place of paths, where a rule wants a path inside a folder. */
export interface RulePlaces {
  readonly steps: Steps;
  /** The values with real paths where a constraint has `within`; the same object if none changes. */
  readonly inPlace: (
    constraints: Readonly<Record<string, ArgumentConstraint>>,
    values: Readonly<Record<string, unknown>>,
  ) => Readonly<Record<string, unknown>>;
}

/**
 * How far a rule goes: `true` when it stays within the other, or where it goes beyond. Whatever is not `true` is
 * beyond.
 */
export type RuleCoverage = boolean | { readonly at: RulePath };

/**
 * SEAM: a kind of resource that grants have rules about: how a rule is read, decided and compared.
 * `resourceKindContract` in `@latchkey/auth-core/testing` is the contract that it must meet. Its most important parts:
 * an added rule never widens, and the answer of `covers` is sound.
 *
 * `names()`, `hosts()` and `tools()` are built in. A grant without a rule allows nothing of the kind; nothing is asked
 * then.
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
  /** What `schema` refers to as `#/$defs/NAME`. */
  readonly definitions?: Readonly<Record<string, JsonSchema>>;
  /** The rule that allows everything of the kind. */
  readonly everything: Rule;
  /** Refuses what the schema cannot: see {@link RuleCheck}. */
  check?(rule: Rule, check: RuleCheck): void;
  /** What is asked, in human words, e.g. `invoice 2026-17`. The name of the resource, when left out. */
  describe?(asked: Asked): string;
  /** Decides what is asked, purely. */
  decide(rule: Rule, asked: Asked, context: RuleContext): RuleVerdict;
  /**
   * Says whether everything that the child allows, the parent allows too. On the safe side: it may say no although it
   * is so, and never yes when it is not.
   *
   * @param parent undefined when the parent's grant has no rule, and so allows nothing of the kind
   */
  covers(parent: Rule | undefined, child: Rule, steps: Steps): RuleCoverage;
  /** What is to be done in place of what was asked, with real paths where a rule wants a path inside a folder. */
  place?(rule: Rule, asked: Asked, places: RulePlaces): Asked;
  /** The names that stand for a rule in an audit entry. Left out: the items of a list, the keys of an object. */
  names?(rule: Rule): readonly string[];
  /** The rule as it is written today, of one in a caveat of the first notation. */
  formerly?(rule: Rule): Rule;
}

/** A resource kind of which no more is known. */
export type AnyResourceKind = ResourceKind<unknown, unknown>;
