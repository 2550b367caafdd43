import type { GrammarRules } from './grammar-rules.ts';

/** The source of the rules for nested schemas. */
export interface RuleSource {
  readonly rules: GrammarRules;
  /** The name of a rule for what `schema` allows, or undefined when it allows nothing. Throws GrammarTooLarge. */
  nameFor(schema: unknown): string | undefined;
  /** The values of a schema that lists them, by `enum` or `const`. */
  valuesOf(schema: unknown): readonly unknown[] | undefined;
}
