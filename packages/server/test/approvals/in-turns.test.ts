import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inTurns } from '../../src/approvals/in-turns.ts';

const call = (rootId: string, id: number) => ({ rootId, id });

describe('calls that wait for a person', () => {
  it('are shown by turns of their tokens, so that a flood of one hides no other', () => {
    const flood = Array.from({ length: 100 }, (_, id) => call('loud', id));
    const shown = inTurns([...flood, call('honest', 100), call('honest', 101)]);
    expect(shown.slice(0, 4).map(({ id }) => id)).toEqual([0, 100, 1, 101]);
    expect(shown).toHaveLength(102);
  });

  it('are all shown, and those of one token in the order in which they came', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'c')), (tokens) => {
        const calls = tokens.map(call);
        const shown = inTurns(calls);
        for (const token of ['a', 'b', 'c']) {
          const of = (list: readonly { rootId: string; id: number }[]) => list.filter(({ rootId }) => rootId === token);
          expect(of(shown)).toEqual(of(calls));
        }
        expect(shown).toHaveLength(calls.length);
      }),
    );
  });
});
