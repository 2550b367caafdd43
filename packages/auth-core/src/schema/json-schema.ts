/** Any value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The types of JSON Schema. */
export const JSON_TYPES = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'] as const;

/** One of {@link JSON_TYPES}. */
export type JsonType = (typeof JSON_TYPES)[number];

/**
 * The conditions on an argument of a tool call: a closed subset of JSON Schema (draft 2020-12) and three additional
 * words. All that are present must hold.
 *
 * It is stricter than JSON Schema in one respect: a word for texts that meets a number (or a word for numbers that
 * meets a list, and so on) refuses, where JSON Schema would let the value pass. Lengths count Unicode characters.
 */
export interface ArgumentConstraint {
  readonly const?: Json;
  readonly enum?: readonly Json[];
  readonly type?: JsonType;
  /**
   * Matches anywhere in the text unless it has `^` and `$`. Needs a pattern engine. It may have 2000 parts, its
   * repetitions written out; a pattern that is dear to compile refuses.
   */
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  /** The conditions on every item of a list. */
  readonly items?: ArgumentConstraint;
  /** The conditions on the named properties, if they are present; `required` lists those that must be. */
  readonly properties?: Readonly<Record<string, ArgumentConstraint>>;
  readonly required?: readonly string[];
  /**
   * A full path that is written inside this folder, and whose real path, with links resolved, is in it (or is the
   * folder). The folder is compared as it is written, so write its real path, with `/` between the parts. What is sent
   * is the real path. Needs a path resolver.
   */
  readonly within?: string;
  /** `true`, beside `within`: also files that have further names, which may lie outside the folder (hard links). */
  readonly hardLinks?: boolean;
  /**
   * An http or https URL whose host name matches one of these globs, written in lower case and ASCII (`xn--…`). The
   * port must be 80 or 443 unless the glob ends in one, `good.example:8443`, or in `:*`; `*` alone is every host and
   * port. A host that readers of URLs may take for another one is refused, as `0177.1` and `ex%61mple.com` are.
   */
  readonly hosts?: readonly string[];
  /** An IP address, or an http or https URL with an IP address for a host, in one of these ranges. */
  readonly cidr?: readonly string[];
}

/** The JSON Schema for reading grants: the words above and those that describe a document. */
export interface JsonSchema extends Omit<ArgumentConstraint, 'items' | 'properties'> {
  readonly $schema?: string;
  readonly $id?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  /** Only `#/$defs/NAME`. */
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly format?: 'date-time';
  readonly exclusiveMinimum?: number;
  readonly maxProperties?: number;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: false | JsonSchema;
}
