import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { BridgeError } from '../errors.ts';
import type { Environment } from './interpolate.ts';
import type { McpConfig, McpServerEntry } from './mcp-config.ts';
import { parseMcpJson } from './mcp-json.ts';

/**
 * Reads and parses the mcp.json at `path`, see `parseMcpJson`. A relative `cwd` counts from the folder of the file, so
 * that the file means the same wherever the host was started.
 *
 * > [!WARNING]
 * > The file names programs that will be started: nobody but the operator should be able to write to it.
 *
 * @throws BridgeError `MCP_CONFIG_INVALID`, also when the file can't be read.
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
    throw new BridgeError('MCP_CONFIG_INVALID', 'The mcp.json could not be read.', { path: '', detail: path, cause });
  }
  const config = parseMcpJson(text, environment);
  const folder = dirname(resolve(path));
  const servers = [...config.servers].map(([label, entry]): [string, McpServerEntry] => [
    label,
    entry.transport === 'stdio' && entry.cwd !== undefined ? { ...entry, cwd: resolve(folder, entry.cwd) } : entry,
  ]);
  return { ...config, servers: new Map(servers) };
}
