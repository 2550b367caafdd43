import { Ajv, type ErrorObject } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { RE2JS } from 're2js';
import { runWithTimeLimit } from './time-limit.ts';
import type { ToolDefinition } from './tool-definition.ts';

// Generous, for they are measured on the clock of a machine that may be busy with a model.
const compileLimitMs = 2_000;
const checkLimitMs = 1_000;
const maxNameLength = 64;

/** What is wrong with the arguments, for the model to read, or undefined when they fit. Values are never quoted. */
export type ArgumentValidator = (value: Record<string, unknown>) => string | undefined;

/**
 * Compiles the schema of a tool's arguments: JSON Schema 2020-12, or draft 7 where `$schema` says so. Patterns run in
 * RE2, whose time is linear in the text. A pattern that RE2 can't express (it has no lookaround) is left to the
 * server, which checks its arguments anyway, and reported through `onSkippedPattern`. Formats are not checked.
 * The schema's size must have been bounded before (`excessOf`).
 *
 * @throws Error when the schema is not valid or takes too long to compile.
 */
export function compileArgumentValidator(
  { inputSchema, dialect = '' }: Pick<ToolDefinition, 'inputSchema' | 'dialect'>,
  onSkippedPattern: (pattern: string) => void = () => {},
): ArgumentValidator {
  const Validator = /draft-0[67]/.test(dialect) ? Ajv : Ajv2020;
  const ajv = new Validator({
    strict: false,
    meta: false,
    validateSchema: false,
    validateFormats: false,
    addUsedSchema: false,
    inlineRefs: false,
    // Without it, every object has a property "constructor".
    ownProperties: true,
    logger: false,
    code: { regExp: linearPatterns(onSkippedPattern) },
  });
  const validate = runWithTimeLimit(compileLimitMs, () => ajv.compile(withoutIds(inputSchema)));
  const check = mayTakeLong(inputSchema)
    ? (value: object) => runWithTimeLimit(checkLimitMs, () => validate(value))
    : (value: object) => validate(value);

  return (value) => {
    try {
      if (check(value)) return undefined;
    } catch {
      // A recursive schema with deep arguments, or one whose references multiply.
      return 'The arguments could not be checked against the schema of the tool in time. Use simpler ones.';
    }
    return explain(validate.errors?.[0]);
  };
}

/**
 * Without these, a check takes no more steps than the schema has nodes for each node of the arguments. A pattern takes as
 * many for each character as it has states, and a short one can have thousands.
 */
function mayTakeLong(schema: Record<string, unknown>): boolean {
  return /"(\$ref|\$dynamicRef|uniqueItems|pattern|patternProperties)":/.test(JSON.stringify(schema));
}

/** `$id` moves the base of references, and two equal ones would share a schema (typescript-sdk, mcp-bridge threat table). */
function withoutIds(schema: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(
    JSON.stringify(schema, (key, value) => (key === '$id' && typeof value === 'string' ? undefined : value)),
  );
}

function linearPatterns(onSkipped: (pattern: string) => void) {
  let count = 0;
  const engine = (pattern: string) => {
    count += 1;
    // Ajv keeps patterns apart by their text form: with equal ones, only the first would ever be enforced.
    const name = `pattern-${count}`;
    let compiled: RE2JS | undefined;
    try {
      compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
    } catch {
      onSkipped(pattern);
    }
    return { test: (text: string) => compiled?.matcher(text).find() ?? true, toString: () => name };
  };
  return Object.assign(engine, { code: 'linearPattern' });
}

function explain(error: ErrorObject | undefined): string {
  if (error === undefined) return 'The arguments do not fit the schema of the tool.';
  const { keyword, params } = error;
  const place = error.instancePath.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
  const subject = place === '' ? 'The arguments' : `The argument ${quote(place)}`;
  if (keyword === 'required') {
    const missing = place === '' ? params.missingProperty : `${place}.${params.missingProperty}`;
    return `The argument ${quote(String(missing))} is missing.`;
  }
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties') {
    const extra = String(params.additionalProperty ?? params.unevaluatedProperty);
    return `${subject} must not have ${quote(extra)}.`;
  }
  if (keyword === 'enum') return `${subject} must be one of ${list(params.allowedValues)}.`;
  if (keyword === 'const') return `${subject} must be ${JSON.stringify(params.allowedValue).slice(0, 200)}.`;
  return `${subject} ${shorten(error.message ?? 'do not fit the schema of the tool')}.`;
}

/** What a schema says may be as long as a definition. */
function shorten(text: string): string {
  return text.length > 500 ? `${text.slice(0, 500)}…` : text;
}

function quote(name: string): string {
  return `"${name.length > maxNameLength ? `${name.slice(0, maxNameLength)}…` : name}"`;
}

function list(values: unknown): string {
  const text = Array.isArray(values) ? values.map((value) => JSON.stringify(value)).join(', ') : '';
  return shorten(text);
}
