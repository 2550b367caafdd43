import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { BridgeError } from '../errors.ts';
import type { Environment } from './interpolate.ts';
import { readKeyValueLines } from './key-value-lines.ts';
import type { McpConfig, McpServerEntry, StdioServerEntry } from './mcp-config.ts';
import { readMcpJson } from './mcp-json.ts';

/**
 * Reads and parses the mcp.json at `path`, see `parseMcpJson`. `${workspaceFolder}` is the folder of the file, and a
 * relative `cwd` or `envFile` is resolved against it, so that the file has the same meaning wherever the host is
 * started. `env` takes precedence over the `envFile`; a server whose `envFile` cannot be read fails to start with that
 * reason.
 *
 * > [!WARNING]
 * > The file names programs that will be started: only the operator should be able to write to it.
 *
 * @throws BridgeError `MCP_CONFIG_INVALID`, also when the file cannot be read.
 *
 * @example
 * ```ts
 * import { loadMcpJson } from '@latchkey/mcp-bridge';
 *
 * const config = await loadMcpJson('./mcp.json', process.env);
 * console.log([...config.servers.keys()]);
 * ```
 */
export async function loadMcpJson(path: string, environment: Environment): Promise<McpConfig> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const message = `The mcp.json could not be read (${code}).`;
    throw new BridgeError('MCP_CONFIG_INVALID', message, { path: '', detail: path, cause });
  }
  const folder = dirname(resolve(path));
  const { config, envFiles } = readMcpJson(text, { environment, folder });
  const servers = await Promise.all(
    [...config.servers].map(async ([label, entry]): Promise<[string, McpServerEntry]> => {
      if (entry.transport !== 'stdio') return [label, entry];
      const envFile = envFiles.get(label);
      const placed = entry.cwd === undefined ? entry : { ...entry, cwd: resolve(folder, entry.cwd) };
      return [label, Object.freeze(envFile === undefined ? placed : await addFile(placed, resolve(folder, envFile)))];
    }),
  );
  return Object.freeze({ ...config, servers: new Map(servers) });
}

async function addFile(entry: StdioServerEntry, path: string): Promise<StdioServerEntry> {
  if (entry.problem !== undefined) return { ...entry, envFile: path };
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const variables = text === undefined ? undefined : readKeyValueLines(text);
  if (variables !== undefined)
    return { ...entry, envFile: path, env: { ...variables, ...entry.env }, namedVariables: entry.env };
  const what = text === undefined ? 'could not be read' : 'holds something other than lines of KEY=VALUE';
  return { ...entry, envFile: path, problem: `its envFile ${what}` };
}
