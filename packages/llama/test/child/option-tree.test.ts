import type { Token } from 'node-llama-cpp';
import { describe, expect, it } from 'vitest';
import { OptionTree } from '../../src/child/option-tree.ts';

/** Scores each place by what leads to it. */
function scored(answers: readonly (readonly number[])[]): OptionTree {
  const tree = new OptionTree(answers as readonly Token[][]);
  for (const { path, node } of tree.places()) {
    const depth = path.reduce((sum, token) => sum + token, 1);
    const next = new Map([...node.children.keys()].map((token) => [token, -token / depth]));
    node.scores = { next, end: -1 / depth };
  }
  return tree;
}

describe('a tree of answers', () => {
  it('has one place where all begin with another token', () => {
    const tree = scored([[1, 9], [2, 9], [3]]);
    expect([[...tree.places()].length, tree.size, tree.depth]).toEqual([1, 0, 0]);
    const [one, two, three] = tree.shares();
    expect(one).toBeGreaterThan(two ?? 1);
    expect(two).toBeGreaterThan(three ?? 1);
  });

  it('shares what is shared, and scores the ends, where some begin alike', () => {
    const tree = scored([[1, 2], [1, 2, 3], [4]]);
    expect([...tree.places()].map(({ path }) => path)).toEqual([[], [1], [1, 2], [1, 2, 3], [4]]);
    expect([tree.size, tree.depth]).toEqual([4, 3]);
  });

  it('scores an answer as a whole: the sum of its tokens and its end', () => {
    const [one = 0, other = 0] = scored([[1], [1, 2]]).shares();
    const scores = [-1 - 1 / 2, -1 - 2 / 2 - 1 / 4];
    expect(Math.log(one / other)).toBeCloseTo((scores[0] ?? 0) - (scores[1] ?? 0), 12);
    expect(one + other).toBeCloseTo(1, 12);
  });

  it('gives an answer the same share in any order', () => {
    const answers = [[1], [1, 2], [1, 2, 3], [4, 1], [4]];
    const shares = scored(answers).shares();
    const backwards = scored(answers.toReversed()).shares().toReversed();
    for (const [index, share] of shares.entries()) expect(backwards[index]).toBeCloseTo(share, 12);
  });

  it('gives answers of the same tokens, or of none, a share each', () => {
    const [none, one, same] = scored([[], [1], [1]]).shares();
    expect(none).toBeGreaterThan(0);
    expect(one).toBe(same);
  });

  it('takes answers of thousands of tokens', () => {
    const long = Array.from({ length: 5000 }, () => 1);
    expect(scored([long, [1]]).size).toBe(5000);
  });
});
