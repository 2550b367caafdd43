/*
 * For tests of programs that use the bridge: servers that misbehave as a test requires. Additions are API.
 */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

export { scriptedOpener } from './scripted-opener.ts';
export type { ScriptedMode } from './scripted-server-core.ts';
export type { RawTool } from './scripted-tools.ts';
export { badTools, scriptedTools } from './scripted-tools.ts';

/**
 * The path of a small MCP server that needs nothing but Node: start it with `node` and the modes in which it shall
 * misbehave as arguments, see `ScriptedMode`.
 *
 * @example
 * ```ts
 * import { scriptedServerPath } from '@latchkey/mcp-bridge/testing';
 *
 * const mcpServers = { files: { command: process.execPath, args: [scriptedServerPath, 'noise'] } };
 * console.log(JSON.stringify({ mcpServers }));
 * ```
 */
export const scriptedServerPath: string = fileURLToPath(
  new URL(`./scripted-server${extname(import.meta.url)}`, import.meta.url),
);
export {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  type IssuedToken,
  type OAuthRequest,
  type ProtectedServer,
  sendJson,
  startAuthorizationServer,
  startProtectedServer,
} from './authorization-server.ts';
