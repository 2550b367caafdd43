import type { Token } from 'node-llama-cpp';

/** A place in the answers to a question: the tokens up to here, and those that may follow. */
export interface OptionNode {
  readonly children: Map<Token, OptionNode>;
  /** Whether an answer ends here. */
  ends: boolean;
  /** The logarithms of how probable each child, and the end, are here; undefined until they were computed. */
  scores: NodeScores | undefined;
}

/** A place, and the tokens of answers that lead to it. */
export interface Place {
  readonly path: readonly Token[];
  readonly node: OptionNode;
}

/** The natural logarithms of probabilities. */
export interface NodeScores {
  readonly next: ReadonlyMap<Token, number>;
  readonly end: number;
}

/**
 * The answers to a question as a tree of tokens. Where the first tokens of all answers differ, these decide, and
 * nothing but the place before them is scored. Otherwise each is scored as a whole, with its end: `cat` would else be at
 * least as probable as `cat and dog`.
 */
export class OptionTree {
  readonly root: OptionNode = newNode();
  /** The scored tokens of each answer. */
  readonly #paths: readonly (readonly Token[])[];
  readonly #isWhole: boolean;

  constructor(answers: readonly (readonly Token[])[]) {
    const first = new Set(answers.map(([token]) => token));
    this.#isWhole = first.size < answers.length || first.has(undefined);
    this.#paths = this.#isWhole ? answers : answers.map((tokens) => tokens.slice(0, 1));
    for (const path of this.#paths) {
      let node = this.root;
      for (const token of path) {
        const next = node.children.get(token) ?? newNode();
        node.children.set(token, next);
        node = next;
      }
      node.ends = this.#isWhole;
    }
  }

  /** How many tokens of answers are computed, besides the prompt. */
  get size(): number {
    return this.#isWhole ? sizeOf(this.root) - 1 : 0;
  }

  /** The most tokens that follow the prompt. */
  get depth(): number {
    return this.#isWhole ? Math.max(...this.#paths.map((path) => path.length)) : 0;
  }

  /** The places to be scored, each with the tokens that lead to it; those that share tokens follow each other. */
  *places(): Generator<Place> {
    if (this.#isWhole) yield* placesFrom(this.root);
    else yield { path: [], node: this.root };
  }

  /** The share of each answer among all of them; their sum is 1. To be called when all places are scored. */
  shares(): number[] {
    const scores = this.#paths.map((path) => this.#scoreOf(path));
    const most = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - most));
    const all = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight) => weight / all);
  }

  #scoreOf(path: readonly Token[]): number {
    let [node, score]: [OptionNode | undefined, number] = [this.root, 0];
    for (const token of path) {
      score += node?.scores?.next.get(token) ?? Number.NaN;
      node = node?.children.get(token);
    }
    return this.#isWhole ? score + (node?.scores?.end ?? Number.NaN) : score;
  }
}

const newNode = (): OptionNode => ({ children: new Map(), ends: false, scores: undefined });

/** A node of the deepest answer may have thousands above it, so nothing here calls itself. */
function sizeOf(root: OptionNode): number {
  let size = 0;
  for (const open = [root]; open.length > 0; size += 1) open.push(...(open.pop()?.children.values() ?? []));
  return size;
}

function* placesFrom(root: OptionNode): Generator<Place> {
  const open: Place[] = [{ path: [], node: root }];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    yield place;
    const { path, node } = place;
    for (const [token, child] of [...node.children].toReversed()) open.push({ path: [...path, token], node: child });
  }
}
