import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ScriptedMode, scriptedServerPath } from '@latchkey/mcp-bridge/testing';

/** The content of `mcpServers` in an mcp.json. */
export type McpServers = Readonly<Record<string, McpServerEntry>>;

type McpServerEntry =
  | {
      readonly command: string;
      readonly args: readonly string[];
      readonly cwd?: string;
      readonly env?: Readonly<Record<string, string>>;
      readonly sandbox?: 'off' | object;
    }
  | { readonly url: string; readonly headers: Readonly<Record<string, string>> };

const program = (path: string, ...args: readonly string[]) => ({
  command: process.execPath,
  args: [path, ...args],
});

const require = createRequire(import.meta.url);
/** A server as it is published on npm. */
const published = (name: string, ...args: readonly string[]) =>
  program(join(dirname(require.resolve(`@modelcontextprotocol/${name}/package.json`)), 'dist', 'index.js'), ...args);

/** The demo's server: `fetch_tiktoken_documentation` and `search_tiktoken_documentation`. */
export const tiktoken = (): McpServerEntry =>
  program(
    join(dirname(fileURLToPath(import.meta.resolve('@latchkey/demo/package.json'))), 'src', 'tiktoken-server.ts'),
  );

/** `@modelcontextprotocol/server-everything`. */
export const everything = (): McpServerEntry => published('server-everything');

/** `@modelcontextprotocol/server-filesystem` on one folder. */
export const filesystem = (folder: string): McpServerEntry => published('server-filesystem', folder);

/** `@modelcontextprotocol/server-memory`, with its graph in a file. */
export const memory = (file: string): McpServerEntry => ({
  ...published('server-memory'),
  env: { MEMORY_FILE_PATH: file },
});

/** `@modelcontextprotocol/server-sequential-thinking`. */
export const sequentialThinking = (): McpServerEntry => published('server-sequential-thinking');

/** A server with the tools `echo` and `fetch_note`, which writes each call that it receives to a file. */
export const recording = (file: string): McpServerEntry => ({
  ...program(join(import.meta.dirname, 'recording-server.ts'), file),
  cwd: dirname(file),
});

/** A server that misbehaves as the modes say. */
export const scripted = (...modes: readonly ScriptedMode[]): McpServerEntry => program(scriptedServerPath, ...modes);

/** A server with the tools that the conformance suite of the protocol calls. */
export const conformanceFixture = (): McpServerEntry => program(join(import.meta.dirname, 'conformance-server.ts'));
