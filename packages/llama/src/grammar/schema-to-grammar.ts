import { GrammarRules } from './grammar-rules.ts';
import { type JsonSchema, typesOf } from './merge-schemas.ts';
import { SchemaRules } from './schema-rules.ts';

/** llama.cpp parses a grammar for every answer; more rules than this take too long without helping the model. */
export const RULE_LIMIT = 4000;

/**
 * Adds the rules for a schema; returns the name of the first. Throws GrammarTooLarge.
 */
export function addSchema(rules: GrammarRules, schema: JsonSchema): string {
  return new SchemaRules(rules, schema).nameFor(schema) ?? freeRule(schema);
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
 * Supported are `type` (also a list), `properties`, `required`, `additionalProperties`, `enum`, `const`, `anyOf`,
 * `oneOf`, `allOf`, `$ref` within the document, `items`, `prefixItems`, `minItems`, `maxItems`, `minLength`,
 * `maxLength` and the formats `date-time`, `date`, `time`, `uuid`. Other keywords are ignored: the generated values
 * still have to be validated. Required properties come first, in the schema's order, then optional ones.
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
