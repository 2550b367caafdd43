import type { ArgumentConstraint } from '../schema/json-schema.ts';

/** What a tool says of itself that it does to its surroundings. */
export const TOOL_EFFECTS = ['readOnly', 'additive', 'destructive'] as const;

/**
 * A class of tools: `readOnly` changes nothing, `additive` adds and neither changes nor removes what was there before,
 * `destructive` may do anything.
 */
export type ToolEffect = (typeof TOOL_EFFECTS)[number];

/** The conditions for calls of the tools that match the rule's name. An empty rule allows them without conditions. */
export interface ToolRule {
  /** `"ask"`: a person must agree to each call. */
  readonly approval?: 'ask';
  /**
   * Conditions on arguments, by name. An argument that is named here must be present, because the tool's default for it
   * is not known here.
   */
  readonly arguments?: Readonly<Record<string, ArgumentConstraint>>;
  /**
   * `false`: only the arguments that are named here; `true`: any. Absent: any if no argument is named here, otherwise
   * those that are named here or in the definition of the tool. An argument whose name is another spelling of a named
   * one is always refused.
   */
  readonly additionalArguments?: boolean;
  /** How many calls of all the tools that the rule matches may be made in each minute of UTC, at least 1. */
  readonly callsPerMinute?: number;
  /** As `callsPerMinute`, for a day of UTC. */
  readonly callsPerDay?: number;
}

/**
 * Tools of servers: globs over servers, and within them globs over tools, or a class of tools: `@readOnly`, `@additive`,
 * `@destructive`. All rules that match a tool must hold, so a
 * broad rule never weakens a narrow one.
 */
export type ToolRules = Readonly<Record<string, { readonly tools: Readonly<Record<string, ToolRule>> }>>;

/** A tool of a server. */
export interface ToolRequest {
  readonly server: string;
  /** Absent: whether anything of this server may be used. */
  readonly name?: string;
  /** Absent, as in a listing: conditions on arguments are ignored. */
  readonly arguments?: Readonly<Record<string, unknown>>;
  /**
   * The argument names in the definition of the tool: the properties of its schema. Absent: none, so a grant with
   * conditions admits only the arguments that it names itself.
   */
  readonly argumentNames?: readonly string[];
  /**
   * The class of the tool, from a definition that the host trusts. Absent: it is not known. Then a rule for a class
   * lists a tool and allows no call, and its conditions hold for every call.
   */
  readonly effect?: ToolEffect;
}
