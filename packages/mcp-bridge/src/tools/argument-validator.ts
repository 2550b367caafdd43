import { Ajv, type ErrorObject } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { RE2JS } from 're2js';
import { runWithTimeLimit } from './time-limit.ts';
import type { ToolDefinition } from './tool-definition.ts';

// Generous, because the limits are measured by the clock on a machine that may be busy with a model.
const compileLimitMs = 2_000;
const checkLimitMs = 1_000;
const maxNameLength = 64;

/** Returns what is wrong with the arguments, for the model to read; undefined when they fit. It never quotes values. */
export type ArgumentValidator = (value: Record<string, unknown>) => string | undefined;

/**
 * Compiles the schema of a tool's arguments: JSON Schema 2020-12, or draft 7 if `$schema` says so. Patterns run in RE2,
 * in time linear in the text. A pattern that RE2 cannot express (it has no lookaround) is left to the server, which
 * checks its arguments anyway, and reported through `onSkippedPattern`. Formats are not checked. The size of the schema
 * must already be bounded (`excessOf`).
 *
 * @throws Error when the schema is not valid or takes too long to compile, or to check even empty arguments.
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
    inlineRefs: false,
    // Without this option, every object has a property "constructor".
    ownProperties: true,
    logger: false,
    code: { regExp: linearPatterns(onSkippedPattern) },
  });
  const validate = runWithTimeLimit(compileLimitMs, () => ajv.compile(withoutIds(inputSchema)));
  // A schema that leads into itself without a step into the arguments would refuse every call.
  runWithTimeLimit(checkLimitMs, () => validate({}));
  const check = mayTakeLong(inputSchema)
    ? (value: object) => runWithTimeLimit(checkLimitMs, () => validate(value))
    : (value: object) => validate(value);

  return (value) => {
    try {
      if (check(value)) return undefined;
    } catch {
      // The schema is recursive and the arguments are deep, or its references multiply.
      return 'The arguments could not be checked against the schema of the tool in time. Use simpler ones.';
    }
    return explain(validate.errors?.[0]);
  };
}

/**
 * Without these keywords, a check takes at most as many steps for each node of the arguments as the schema has nodes. A
 * pattern takes as many steps for each character as it has states, and a short pattern can have thousands.
 */
function mayTakeLong(schema: Record<string, unknown>): boolean {
  return /"(\$ref|\$dynamicRef|uniqueItems|pattern|patternProperties)":/.test(JSON.stringify(schema));
}

/**
 * `$id` moves the base of references, and two equal ones would share a schema (typescript-sdk, mcp-bridge threat
 * table).
 */
function withoutIds(schema: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(
    JSON.stringify(schema, (key, value) => (key === '$id' && typeof value === 'string' ? undefined : value)),
  );
}

function linearPatterns(onSkipped: (pattern: string) => void) {
  let count = 0;
  const engine = (pattern: string) => {
    count += 1;
    // Ajv caches patterns by their text: of two with equal text, only the first would be enforced.
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

/** Texts in a schema may be as long as a whole definition. */
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
