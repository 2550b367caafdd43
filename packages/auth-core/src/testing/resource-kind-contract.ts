import type { DecisionContext } from '../authority/authority.ts';
import { decide } from '../authority/decide.ts';
import type { AccessRequest, Decision } from '../authority/decision.ts';
import { defineVocabulary } from '../authority/define-vocabulary.ts';
import type { Grant } from '../authority/grant.ts';
import type { AnyResourceKind, ResourceKind } from '../authority/resource-kind.ts';
import type { Vocabulary } from '../authority/vocabulary.ts';
import { createSteps } from '../matching/steps.ts';
import { assertEqual, type ContractCase } from './contract-case.ts';

/** Rules and requests with which a kind is tested. More samples, and samples that are more alike, find more faults. */
export interface ResourceKindSamples<Rule, Asked> {
  /** Rules of which some stay within others and some do not. */
  readonly rules: readonly Rule[];
  /** Requests such that each rule allows some and denies some. */
  readonly asked: readonly Asked[];
  /** The request of a listing for a given request; undefined when there is none. */
  readonly listed?: (asked: Asked) => Asked | undefined;
  /** The input of decisions besides the time, such as a pattern engine. */
  readonly context?: Omit<DecisionContext, 'now'>;
}

/**
 * The requirements for every resource kind, as data that any test framework can run, with all pairs of the samples.
 *
 * @example
 * ```ts
 * import { names } from '@latchkey/auth-core';
 * import { resourceKindContract } from '@latchkey/auth-core/testing';
 *
 * const cases = resourceKindContract(names(), { rules: [['*'], ['a*'], ['ab'], []], asked: ['ab', 'ac', 'b'] });
 * for (const { run } of cases) await run(); // or: for (const { name, run } of cases) it(name, run);
 * ```
 */
export function resourceKindContract<Rule, Asked>(
  kind: ResourceKind<Rule, Asked>,
  samples: ResourceKindSamples<Rule, Asked>,
): readonly ContractCase[] {
  return Object.entries(CASES).map(([name, check]) => ({
    name,
    run: async () => check(createTrial(kind, samples as ResourceKindSamples<unknown, unknown>)),
  }));
}

/** A vocabulary with only the kind, and the samples. */
interface Trial extends ResourceKindSamples<unknown, unknown> {
  readonly kind: AnyResourceKind;
  readonly vocabulary: Vocabulary;
  /** Decides by a list of rules, each in its own grant; undefined is a grant without a rule. */
  readonly ask: (rules: readonly unknown[], asked: unknown, steps?: number) => Decision;
  readonly covers: (parent: unknown, child: unknown) => boolean;
}

const NOW = new Date('2027-01-15T12:00:00Z');

function createTrial(kind: AnyResourceKind, samples: ResourceKindSamples<unknown, unknown>): Trial {
  const vocabulary: Vocabulary = defineVocabulary({ actions: ['use'], resources: { things: kind } });
  const grantOf = (rule: unknown): Grant => ({ actions: ['use'], ...(rule !== undefined && { things: rule }) });
  const authorityOf = (rules: readonly unknown[]) => rules.map((rule) => ({ grant: grantOf(rule), source: 'grant' }));
  return {
    ...samples,
    kind,
    vocabulary,
    ask(rules, asked, steps) {
      const request: AccessRequest = { action: 'use', things: asked };
      return decide(vocabulary, authorityOf(rules), request, { ...samples.context, now: NOW }, createSteps(steps));
    },
    covers: (parent, child) => vocabulary.covers(authorityOf([parent]), grantOf(child)).covered,
  };
}

const CASES: Readonly<Record<string, (trial: Trial) => void>> = {
  'reads the rules that it is tried with, and they distinguish questions'({ rules, asked, vocabulary, ask }) {
    for (const rule of rules) {
      assertEqual(vocabulary.parseGrant({ actions: ['use'], things: rule }), { actions: ['use'], things: rule });
    }
    const answers = rules.flatMap((rule) => asked.map((one) => ask([rule], one).allowed));
    must(answers.includes(true), 'no rule allows anything that is asked');
    must(answers.includes(false), 'no rule denies anything that is asked');
  },
  'allows everything by its widest rule, and nothing without a rule'({ asked, kind, ask }) {
    for (const one of asked) {
      must(ask([kind.everything], one).allowed, 'the rule for everything denies', one);
      must(!ask([undefined], one).allowed, 'a grant without a rule allows', one);
    }
  },
  'gives one answer to one question, and changes neither rules nor questions'({ rules, asked, ask }) {
    for (const rule of rules) {
      for (const one of asked) {
        const before = JSON.stringify([rule, one]);
        assertEqual(ask([rule], one).allowed, ask([rule], one).allowed);
        must(JSON.stringify([rule, one]) === before, 'the rule or the question has changed', one);
      }
    }
  },
  'allows no more when a rule is added'({ rules, asked, ask }) {
    for (const one of asked) {
      for (const rule of rules) {
        const alone = ask([rule], one);
        for (const added of [...rules, undefined]) {
          for (const list of [
            [rule, added],
            [added, rule],
          ]) {
            const both = ask(list, one);
            if (!both.allowed) continue;
            must(alone.allowed, 'a further rule has widened', [rule, added, one]);
            must(both.approval || !(alone.allowed && alone.approval), 'a further rule has left out the approval', one);
          }
        }
      }
    }
  },
  'covers no rule that allows more'({ rules, asked, ask, covers, kind }) {
    for (const parent of [...rules, kind.everything, undefined]) {
      for (const child of [...rules, kind.everything]) {
        if (!covers(parent, child)) continue;
        for (const one of asked) {
          const own = ask([child], one);
          if (!own.allowed) continue;
          const bound = ask([parent], one);
          must(bound.allowed, 'a rule is covered that allows more', [parent, child, one]);
          must(own.approval || !(bound.allowed && bound.approval), 'a rule is covered that asks for no approval', [
            parent,
            child,
          ]);
        }
      }
    }
  },
  'covers each rule by itself and by the widest one'({ rules, covers, kind }) {
    for (const rule of rules) {
      must(covers(rule, rule), 'a rule does not cover itself', rule);
      must(covers(kind.everything, rule), 'the rule for everything does not cover', rule);
    }
  },
  'lists whatever may be called'({ rules, asked, listed, ask }) {
    for (const one of asked) {
      const listing = listed?.(one);
      if (listing === undefined) continue;
      for (const rule of rules) {
        if (ask([rule], one).allowed)
          must(ask([rule], listing).allowed, 'what may be called is not listed', [rule, one]);
      }
    }
  },
  'answers as with all steps, or not at all, when there are few'({ rules, asked, ask }) {
    for (const rule of rules) {
      for (const one of asked) {
        const whole = ask([rule], one).allowed;
        for (const steps of [0, 100, 1000]) {
          const hurried = ask([rule], one, steps);
          if (hurried.allowed || hurried.rule !== 'steps') assertEqual(hurried.allowed, whole);
        }
      }
    }
  },
};

function must(holds: boolean, problem: string, sample?: unknown): void {
  if (!holds) throw new Error(sample === undefined ? problem : `${problem}: ${JSON.stringify(sample)}`);
}
