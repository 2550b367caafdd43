import { matchesGlob, type Principal } from '@latchkey/auth-core';
import type { Grant } from '@latchkey/auth-core/llm';
import { type ListServersOptions, listServers } from './list-servers.ts';

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
    const offered = tools?.map(({ name, description }) => ({
      name,
      description,
      approval: rulesOf(grants, id, name).some(({ approval }) => approval === 'ask'),
      conditions: rulesOf(grants, id, name).flatMap(({ arguments: conditions = {} }) =>
        Object.entries(conditions).map(([argument, rule]) => ({ argument, rule })),
      ),
    }));
    return [{ id, label, tools: offered ?? null }];
  });
}

/** Every rule that applies to a tool. */
const rulesOf = (grants: readonly Grant[], server: string, tool: string) =>
  grants.flatMap(({ mcp = {} }) =>
    Object.entries(mcp)
      .filter(([pattern]) => matchesGlob(pattern, server))
      .flatMap(([, { tools }]) => Object.entries(tools))
      .flatMap(([pattern, rule]) => (matchesGlob(pattern, tool) ? [rule] : [])),
  );
