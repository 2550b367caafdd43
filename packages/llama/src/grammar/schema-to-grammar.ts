import { GrammarRules } from './grammar-rules.ts';
import { type JsonSchema, typesOf } from './merge-schemas.ts';
import { SchemaRules } from './schema-rules.ts';

/** llama.cpp parses a grammar for every answer; more rules than this take too long without helping the model. */
export const RULE_LIMIT = 4000;

/** Adds the rules for a schema; returns the name of the first, or undefined when no value follows the schema. */
export function addPossible(rules: GrammarRules, schema: JsonSchema): string | undefined {
  return new SchemaRules(rules, schema).nameFor(schema);
}

/** Adds the rules for a schema; returns the name of the first. Throws GrammarTooLarge. */
export function addSchema(rules: GrammarRules, schema: JsonSchema): string {
  return addPossible(rules, schema) ?? freeRule(schema);
}

/** The same for a schema that is also validated elsewhere: if it is too large, the grammar enforces only its type. */
export function addSchemaOrType(rules: GrammarRules, schema: JsonSchema): string {
  return rules.attempt(
    () => addSchema(rules, schema),
    () => freeRule(schema),
  );
}

/**
 * A GBNF grammar for the JSON values that follow a JSON Schema.
 *
 * The keywords that it does not hold are those of `GrammarRules.unkept`: such values still have to be validated.
 */
export function schemaToGrammar(schema: JsonSchema): string {
  const rules = new GrammarRules(RULE_LIMIT);
  const name = addSchemaOrType(rules, schema);
  return rules.toText(name);
}

function freeRule(schema: JsonSchema): string {
  const [type, ...others] = typesOf(schema.type);
  return others.length === 0 && (type === 'object' || type === 'array') ? type : 'value';
}
