import { DATE_RULES, JSON_RULES } from './json-rules.ts';
import { FORMAT_PARTS } from './more-formats.ts';

/** The grammar would exceed its limits; the caller falls back to a simpler one. */
export class GrammarTooLarge extends Error {
  override readonly name = 'GrammarTooLarge';
}

/** The most work for all schemas of one grammar; a schema of some thousand keywords takes as many steps. */
const STEP_LIMIT = 100_000;

/** The rules of one GBNF grammar, collected and named. */
export class GrammarRules {
  readonly #rules = new Map<string, string>(Object.entries({ ...JSON_RULES, ...DATE_RULES, ...FORMAT_PARTS }));
  readonly #limit: number;
  readonly #unkept = new Set<string>();
  #count = 0;
  #steps = 0;

  /** At most `limit` rules can be added. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts work, since a schema can cause much of it without adding a rule. Throws GrammarTooLarge. */
  spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > STEP_LIMIT) throw new GrammarTooLarge(`more than ${STEP_LIMIT} steps of work`);
  }

  /** Reports a keyword of a schema that the rules do not hold, so that they allow more than the schema. */
  leave(keyword: string): void {
    this.#unkept.add(keyword);
  }

  /** The keywords that were reported. */
  get unkept(): readonly string[] {
    return [...this.#unkept];
  }

  /** Adds a rule; returns its name. Throws GrammarTooLarge. */
  add(hint: string, body: string): string {
    const name = this.reserve(hint);
    this.define(name, body);
    return name;
  }

  /** Reserves the name of a rule that is defined later, so that it can refer to itself. Throws GrammarTooLarge. */
  reserve(hint: string): string {
    this.#count += 1;
    if (this.#count > this.#limit) throw new GrammarTooLarge(`more than ${this.#limit} rules`);
    return `${hint}-${this.#count}`;
  }

  define(name: string, body: string): void {
    this.#rules.set(name, body);
  }

  /** The grammar's text; generation starts with `root`. */
  toText(root: string): string {
    return [['root', root], ...this.#rules].map(([name, body]) => `${name} ::= ${body}`).join('\n');
  }

  /** The result of `build`. If it gets too large, its rules are removed and the result is that of `otherwise`. */
  attempt(build: () => string, otherwise: () => string): string {
    const before = new Map(this.#rules);
    const count = this.#count;
    try {
      return build();
    } catch (error) {
      if (!(error instanceof GrammarTooLarge)) throw error;
      this.#rules.clear();
      for (const [name, body] of before) this.#rules.set(name, body);
      this.#count = count;
      return otherwise();
    }
  }
}
