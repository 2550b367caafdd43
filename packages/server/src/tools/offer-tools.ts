import { matchesGlob, matchesTool, type Principal, type ToolRule } from '@latchkey/auth-core';
import type { Grant } from '@latchkey/auth-core/llm';
import { withoutAbsent } from '../config/without-absent.ts';
import { type ListedTool, type ListServersOptions, listServers } from './list-servers.ts';

/** A server that a person can let a client use. */
export interface OfferedServer {
  readonly id: string;
  readonly label: string;
  /** Null while they cannot be listed. */
  readonly tools: readonly OfferedTool[] | null;
}

export interface OfferedTool {
  readonly name: string;
  readonly description: string | null;
  /** Whether a person is asked at each call. */
  readonly approval: boolean;
  /** The conditions on its arguments, of all grants that the caller's token is subject to. */
  readonly conditions: readonly { readonly argument: string; readonly rule: unknown }[];
  /** How many calls the rules allow, each for all the tools that it matches. */
  readonly limits: readonly Pick<ToolRule, 'callsPerMinute' | 'callsPerDay'>[];
}

/** What a caller may use at `/mcp`, and so may let a client use. */
export async function offerTools(
  options: Omit<ListServersOptions, 'start' | 'only'>,
  { authority }: Pick<Principal, 'authority'>,
): Promise<readonly OfferedServer[]> {
  const listed = await listServers({ ...options, start: true });
  const grants = authority.map(({ grant }) => grant as Grant);
  return listed.flatMap(({ id, label, tools }) => {
    if (!options.switches().allowMcpJson || !options.decide({ action: 'chat', mcp: { server: id } }, []).allowed)
      return [];
    const offered = tools?.map((tool) => {
      const rules = rulesOf(grants, id, tool);
      return {
        name: tool.name,
        description: tool.description,
        approval: rules.some(({ approval }) => approval === 'ask'),
        conditions: rules.flatMap(({ arguments: conditions = {} }) =>
          Object.entries(conditions).map(([argument, rule]) => ({ argument, rule })),
        ),
        limits: rules
          .map(({ callsPerMinute, callsPerDay }) => withoutAbsent({ callsPerMinute, callsPerDay }))
          .filter((limits) => Object.keys(limits).length > 0),
      };
    });
    return [{ id, label, tools: offered ?? null }];
  });
}

/** Every rule that applies to a tool. */
const rulesOf = (grants: readonly Grant[], server: string, tool: ListedTool) =>
  grants.flatMap(({ mcp = {} }) =>
    Object.entries(mcp)
      .filter(([pattern]) => matchesGlob(pattern, server))
      .flatMap(([, { tools }]) => Object.entries(tools))
      .flatMap(([pattern, rule]) => (matchesTool(pattern, tool) ? [rule] : [])),
  );
