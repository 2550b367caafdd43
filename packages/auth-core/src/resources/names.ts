import { GLOB_DEFINITION, GLOBS } from '../authority/grant-schema.ts';
import { printName } from '../authority/print-name.ts';
import type { ResourceKind } from '../authority/resource-kind.ts';
import { globsCover, matchesAnyGlob } from '../matching/glob.ts';

/**
 * A resource kind for named things: a rule is a list of globs, and a request has a name that one of them must match.
 *
 * @param noun the word for one of them in a refusal: `invoice`
 * @example
 * ```ts
 * import { defineVocabulary, names } from '@latchkey/auth-core';
 *
 * const vocabulary = defineVocabulary({ actions: ['invoices:read'], resources: { invoices: names('invoice') } });
 * const grant = vocabulary.parseGrant({ actions: ['invoices:read'], invoices: ['2026-*'] });
 * const authority = [{ grant, source: 'token ci' }];
 * const request = { action: 'invoices:read', invoices: '2025-1' } as const;
 * console.log(vocabulary.decide(authority, request, { now: new Date() }).allowed); // false
 * ```
 */
export function names(noun?: string): ResourceKind<readonly string[], string> {
  const describe = (name: string) => (noun === undefined ? name : `${noun} ${name}`);
  return Object.freeze<ResourceKind<readonly string[], string>>({
    schema: GLOBS,
    definitions: GLOB_DEFINITION,
    everything: Object.freeze(['*']),
    check: (globs, { globs: check }) => check(globs, []),
    describe,
    decide: (globs, name, { steps }) =>
      matchesAnyGlob(globs, name, steps)
        ? { allowed: true }
        : { allowed: false, reason: `${printName(describe(name))} is not granted` },
    covers: (parent = [], child, steps) => globsCover(parent, child, steps),
  });
}
