import type { AuditLog, TokenInfo } from '@latchkey/auth-core';

/** A tool of an MCP server. */
export interface NamedTool {
  /** The plugin id. */
  readonly server: string;
  readonly name: string;
}

/** The tools that tokens have called. */
export interface ToolUses {
  /** RFC 3339: calls before this time are not among them. */
  readonly since: string;
  /** The tools that a token, or one derived from it, has called; undefined when that is not known. */
  usedBy(id: string): readonly NamedTool[] | undefined;
}

const PAGE = 1000;
/** More calls than this are not read: which tools were not called is not known then. */
const MOST_PAGES = 20;

/** Reads from the audit log which tools were called since a time. Undefined when there are too many calls to read. */
export async function readToolUses(
  log: Pick<AuditLog, 'list'>,
  tokens: readonly TokenInfo[],
  since: string,
): Promise<ToolUses | undefined> {
  const parents = new Map(tokens.map(({ id, parentId }) => [id, parentId]));
  const used = new Map<string, Map<string, NamedTool>>();
  /** Root tokens with calls of tokens that are not stored: which of the tokens between were used is not known. */
  const unclear = new Set<string>();
  const note = (id: string, tool: NamedTool): void => {
    const tools = used.get(id) ?? new Map<string, NamedTool>();
    used.set(id, tools.set(`${tool.server} ${tool.name}`, tool));
  };
  let after = 0;
  for (let page = 0; ; page++) {
    const entries = await log.list({ type: 'tool.called', since, after, limit: PAGE });
    for (const { subject = '', actor } of entries) {
      const [server, name] = subject.split(' ');
      if (server === undefined || name === undefined || actor.id === undefined) continue;
      const chain = lineage(actor.id, parents);
      if (!parents.has(actor.id) && actor.rootId !== undefined) unclear.add(actor.rootId);
      for (const id of new Set([...chain, ...(actor.rootId === undefined ? [] : [actor.rootId])])) {
        note(id, { server, name });
      }
    }
    const last = entries.at(-1);
    if (last === undefined || entries.length < PAGE) break;
    if (page + 1 === MOST_PAGES) return undefined;
    after = last.seq;
  }
  return {
    since,
    usedBy: (id) => {
      const root = lineage(id, parents).at(-1);
      if (root !== id && root !== undefined && unclear.has(root)) return undefined;
      return [...(used.get(id)?.values() ?? [])];
    },
  };
}

/** A token and those that it was derived from, as far as they are known. */
function lineage(id: string, parents: ReadonlyMap<string, string | undefined>): readonly string[] {
  const chain: string[] = [];
  for (let at: string | undefined = id; at !== undefined && !chain.includes(at); at = parents.get(at)) chain.push(at);
  return chain;
}
