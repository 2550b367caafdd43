import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAskedPaths } from '../../src/authority/asked-paths.ts';
import { UNCOUNTED } from '../../src/matching/steps.ts';
import { re2jsPatterns } from '../../src/patterns/re2js.ts';
import { coversConstraint } from '../../src/resources/covers-constraint.ts';
import type { AskedPath } from '../../src/schema/evaluate.ts';
import { evaluateArgument as evaluate } from '../../src/schema/evaluate-argument.ts';
import { constraints, values } from '../authority/arbitraries.ts';

const paths = createAskedPaths((path) => (path === '/s/t/u' ? '/s-evil' : path), UNCOUNTED);
const context = {
  patterns: re2jsPatterns,
  isWithin: (asked: AskedPath) => paths.isWritten(asked) && paths.isReal(asked),
};

describe('coversConstraint', () => {
  it('never covers a constraint that lets more values pass', () => {
    let told = 0;
    fc.assert(
      fc.property(
        constraints,
        constraints,
        fc.array(values, { minLength: 20, maxLength: 20 }),
        (parent, child, trials) => {
          if (!coversConstraint(parent, child, UNCOUNTED)) return;
          for (const value of trials) {
            if (evaluate(child, value, context) !== undefined) continue;
            told++;
            expect(evaluate(parent, value, context)).toBeUndefined();
          }
        },
      ),
      { numRuns: 20_000 },
    );
    expect(told).toBeGreaterThan(200);
  });

  it('covers every constraint by itself', () => {
    fc.assert(fc.property(constraints, (constraint) => coversConstraint(constraint, constraint, UNCOUNTED)));
  });
});
