import type { ArgumentConstraint } from '../schema/json-schema.ts';

/** What holds for calls of the tools that a rule's name matches. An empty rule allows them without conditions. */
export interface ToolRule {
  /** `"ask"`: a person must agree to each call. */
  readonly approval?: 'ask';
  /**
   * Conditions on arguments, by name. An argument that is named here must be present: what the tool would do
   * without it is not known here.
   */
  readonly arguments?: Readonly<Record<string, ArgumentConstraint>>;
  /**
   * `false`: no arguments but those that are named; `true`: any. Absent: any where no argument is named here, else those that are
   * named here or in the definition of the tool. An argument whose name is another spelling of a named one is always refused.
   */
  readonly additionalArguments?: boolean;
}

/**
 * Tools of servers: globs over servers, and within them globs over tools. All the rules that match a tool must hold, so a
 * narrow rule is never softened by a broad one beside it.
 */
export type ToolRules = Readonly<Record<string, { readonly tools: Readonly<Record<string, ToolRule>> }>>;

/** A tool of a server. */
export interface ToolRequest {
  readonly server: string;
  /** Absent: may anything of this server be used at all? */
  readonly name?: string;
  /** Absent, as in a listing: conditions on arguments are left aside. */
  readonly arguments?: Readonly<Record<string, unknown>>;
  /**
   * The names that the definition of the tool gives its arguments: the properties of its schema. Absent: none, so a grant with
   * conditions admits only the arguments that it names itself.
   */
  readonly argumentNames?: readonly string[];
}
