import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import {
  createMcpHost,
  type McpHost,
  type McpHostOptions,
  parseMcpJson,
  type ToolGate,
  type ToolSelection,
  type Toolset,
} from '../src/index.ts';
import type { Sandbox } from '../src/sandbox/sandbox.ts';
import { type ScriptedMode, scriptedOpener, scriptedServerPath } from '../src/testing/index.ts';

export const allowAll: ToolGate = () => ({ allowed: true });
/** For transports that are made by hand. */
export const noSandbox: Pick<Sandbox, 'wrap' | 'checkHostSide'> = {
  wrap: async ({ command, args }, environment) => ({ command, args, environment }),
  checkHostSide: async () => {},
};
/** A signal that never fires. */
export const noSignal = (): AbortSignal => new AbortController().signal;

/** A host whose servers run in memory: label to modes. */
export function memoryHost(
  servers: Record<string, ScriptedMode[]>,
  options: Partial<McpHostOptions> = {},
): McpHost & { starts: string[] } {
  const mcpServers = Object.fromEntries(
    Object.entries(servers).map(([label, args]) => [label, { command: 'scripted', args }]),
  );
  const starts: string[] = [];
  const config = parseMcpJson(JSON.stringify({ mcpServers }), {});
  const opener = scriptedOpener((label) => starts.push(label));
  // Every listing asks the server, unless a test is about that.
  const limits = { listMs: Number.MIN_VALUE, ...options.limits };
  const host = createMcpHost({ config, opener, ...options, limits });
  return Object.assign(host, { starts });
}

/**
 * A host whose servers are real child processes: label to an entry of the mcp.json, or to modes of the scripted server,
 * which is then in no sandbox, so that its process ids are the system's.
 */
export function processHost(
  servers: Record<string, ScriptedMode[] | Record<string, unknown>>,
  options: Partial<McpHostOptions> = {},
): McpHost {
  const mcpServers = Object.fromEntries(
    Object.entries(servers).map(([label, entry]) => [
      label,
      Array.isArray(entry)
        ? { command: process.execPath, args: [scriptedServerPath, ...entry], sandbox: 'off' }
        : entry,
    ]),
  );
  return createMcpHost({ config: parseMcpJson(JSON.stringify({ mcpServers }), {}), ...options });
}

/** The entry of an mcp.json for a published server that is installed here. */
export function installedServer(name: string, ...args: string[]): { command: string; args: string[] } {
  const require = createRequire(import.meta.url);
  const root = dirname(require.resolve(`@modelcontextprotocol/${name}/package.json`));
  return { command: process.execPath, args: [join(root, 'dist/index.js'), ...args] };
}

/** Opens everything of one server, or what the selections say. */
export function open(host: McpHost, what: string | ToolSelection[], gate: ToolGate = allowAll): Promise<Toolset> {
  return host.openToolset(typeof what === 'string' ? [{ server: what }] : what, gate, noSignal());
}

export const call = (toolset: Toolset, name: string, args: unknown = {}, signal = noSignal()) =>
  toolset.call(name, args, { signal });

/** Whether a process still runs. One that has ended and was not yet collected has ended. */
export async function runs(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat === '' ? process.platform !== 'linux' : !/\) Z /.test(stat);
}
