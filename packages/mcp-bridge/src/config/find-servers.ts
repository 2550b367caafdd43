import { invalid, type KeyPath } from './invalid-config.ts';

/** Where a file has its servers, and what stands beside them. */
export interface FoundServers {
  /** The keys that lead to the servers; empty if the file is nothing but servers. */
  readonly path: readonly string[];
  readonly servers: unknown;
  /** The names of the servers where the file lists them, in the order of the list; absent where the names are keys. */
  readonly names?: readonly string[];
  /** The keys of the root that lead elsewhere. */
  readonly beside: Readonly<Record<string, unknown>>;
}

/**
 * The keys that hold the servers, as hosts name them: most; VS Code's mcp.json; Zed; VS Code's and other settings;
 * Amp.
 */
const places: readonly (readonly string[])[] = [
  ['mcpServers'],
  ['servers'],
  ['context_servers'],
  ['mcp', 'servers'],
  ['mcp', 'mcpServers'],
  ['amp.mcpServers'],
  ['mcp.servers'],
];

/**
 * Finds the servers in a file: under the key of one of the hosts, under opencode's `mcp`, or as the whole file where
 * every value is an entry, as snippets in documentation have them. A file with none of these and nothing else has no
 * servers.
 *
 * @throws BridgeError `MCP_CONFIG_INVALID` when there are several such keys, or none beside others
 */
export function findServers(root: Readonly<Record<string, unknown>>): FoundServers {
  const found = places.filter((path) => valueAt(root, path) !== undefined);
  const [first, second] = found;
  if (first !== undefined) {
    if (second !== undefined) throw invalid(second, `means the same as "${first.join('.')}"; keep one`);
    return { path: first, ...byName(valueAt(root, first) ?? {}, first), beside: besides(root, first) };
  }
  if (isEntries(root.mcp)) return { path: ['mcp'], servers: root.mcp, beside: besides(root, ['mcp']) };
  const { $schema: _, ...rest } = root;
  if (Object.keys(rest).length === 0) return { path: ['mcpServers'], servers: {}, beside: {} };
  if (isEntries(rest)) return { path: [], servers: rest, beside: {} };
  throw invalid(['mcpServers'], 'is missing; without servers, write "mcpServers": {}');
}

/**
 * The entries of servers in a parsed configuration, as they are written: under the key of one of the hosts, or the whole of
 * it.
 *
 * @throws BridgeError `MCP_CONFIG_INVALID` when there are several such keys, or none beside others
 *
 * @example
 * ```ts
 * import { findMcpServers } from '@latchkey/mcp-bridge';
 *
 * console.log(findMcpServers({ context_servers: { files: { command: 'mcp-files' } } })); // { files: … }
 * ```
 */
export function findMcpServers(root: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { path, servers } = findServers(root);
  if (!isObject(servers)) throw invalid(path, 'must be an object of servers');
  return servers;
}

/** Some files list the servers, each with its name inside. */
function byName(servers: unknown, path: KeyPath): Pick<FoundServers, 'servers' | 'names'> {
  if (!Array.isArray(servers)) return { servers };
  const named = servers.flatMap((entry: unknown): [string, unknown][] => {
    if (!isObject(entry) || typeof entry.name !== 'string' || entry.name === '') return [];
    const { name, ...rest } = entry;
    return [[name, rest]];
  });
  const names = named.map(([name]) => name);
  if (names.length < servers.length || new Set(names).size < names.length) {
    throw invalid(path, 'is a list: each server in it needs a "name" of its own');
  }
  return { servers: Object.fromEntries(named), names };
}

/** Whether each value of an object looks like the entry of a server. */
function isEntries(value: unknown): boolean {
  if (!isObject(value) || Object.keys(value).length === 0) return false;
  return Object.values(value).every(
    (entry) =>
      isObject(entry) && ['command', 'url', 'serverUrl', 'httpUrl', 'baseUrl'].some((key) => Object.hasOwn(entry, key)),
  );
}

/** What is beside the servers; of an object on the way to them, what it has beside. */
function besides(root: Readonly<Record<string, unknown>>, path: KeyPath): Readonly<Record<string, unknown>> {
  const [first, second] = path as string[];
  const rest = Object.fromEntries(Object.entries(root).filter(([key]) => key !== first));
  const outer = root[first ?? ''];
  if (second === undefined || !isObject(outer)) return rest;
  const inner = Object.entries(outer).filter(([key]) => key !== second && key !== 'inputs');
  return inner.length === 0 ? rest : { ...rest, [first ?? '']: Object.fromEntries(inner) };
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const key of path) value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return value;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
