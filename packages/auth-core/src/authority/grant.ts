import type { ArgumentConstraint } from '../schema/json-schema.ts';
import type { Action } from './action.ts';

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

/** How much may be used. Each grant's limits are counted on their own; days, months and minutes are those of UTC. */
export interface GrantLimits {
  readonly requestsPerMinute?: number;
  readonly tokensPerDay?: number;
  readonly tokensPerMonth?: number;
  readonly concurrentRequests?: number;
  /** The most tokens that one answer may have. */
  readonly maxOutputTokens?: number;
  readonly toolCallsPerRequest?: number;
  /** The share in the queue, relative to others; 1 is the usual one. */
  readonly weight?: number;
}

/**
 * A document that says what is allowed. What it does not mention it denies, except `networks` and `projects`,
 * which mean "any" where they are absent. Read one with {@link parseGrant}.
 *
 * Globs have one meaning everywhere: `*` matches any run of characters, `/` among them, and none; nothing else is
 * special; case counts; the whole text must match.
 */
export interface Grant {
  /** What may be done; `"*"` is everything. */
  readonly actions: readonly (Action | '*')[];
  /** Globs over model keys, e.g. `ibm/*`. */
  readonly models?: readonly string[];
  /**
   * Tools of the MCP servers that the operator runs: globs over servers, and within them globs over tools. All the
   * rules that match a tool must hold, so a narrow rule is never softened by a broad one beside it.
   */
  readonly mcp?: Readonly<Record<string, { readonly tools: Readonly<Record<string, ToolRule>> }>>;
  /** MCP servers that a request brings along: globs over their hosts and over their tools. */
  readonly ephemeralMcp?: { readonly hosts: readonly string[]; readonly tools: readonly string[] };
  /** The caller's address must be one of these or lie in one of these ranges (CIDR). Absent: from anywhere. */
  readonly networks?: readonly string[];
  /** Globs over projects. Absent: any project, or none; present: a request without a project is denied. */
  readonly projects?: readonly string[];
  /** RFC 3339; the grant allows nothing before. */
  readonly notBefore?: string;
  /** RFC 3339; the grant allows nothing from then on. */
  readonly expiresAt?: string;
  readonly limits?: GrantLimits;
}

/** The grant that allows everything, to everyone, for ever. */
export const FULL_GRANT: Grant = {
  actions: ['*'],
  models: ['*'],
  mcp: { '*': { tools: { '*': {} } } },
  ephemeralMcp: { hosts: ['*'], tools: ['*'] },
};
