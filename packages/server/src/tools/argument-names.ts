import { BridgeError, type McpHost, type ToolGate } from '@latchkey/mcp-bridge';
import type { McpSwitches } from './mcp-switches.ts';
import type { Decide } from './permission-gate.ts';

/** How long a question waits for a server to start; it goes on starting for the next one. */
const PATIENCE_MILLISECONDS = 10_000;

export interface ArgumentNamesOptions {
  readonly host: Pick<McpHost, 'tools'>;
  readonly switches: () => Pick<McpSwitches, 'allowMcpJson'>;
}

/** Says which names the definition of a tool gives its arguments, to a caller who may list the tool; else undefined. */
export type FindArgumentNames = (
  tool: { readonly server: string; readonly name: string },
  caller: { readonly decide: Decide; readonly signal: AbortSignal },
) => Promise<readonly string[] | undefined>;

/** Looks definitions up as a call would find them: approved, of a server that is started if need be. */
export const findArgumentNames =
  ({ host, switches }: ArgumentNamesOptions): FindArgumentNames =>
  async ({ server, name }, { decide, signal }) => {
    const gate: ToolGate = ({ server: id, tool }) =>
      decide({ action: 'chat', mcp: { server: id, ...(tool === undefined ? {} : { name: tool }) } }, []).allowed
        ? { allowed: true }
        : { allowed: false, reason: 'no grant allows it' };
    if (!switches().allowMcpJson || !decide({ action: 'chat', mcp: { server, name } }, []).allowed) return undefined;
    const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MILLISECONDS)]);
    try {
      const tools = await host.tools(server, gate, { start: true, signal: patience });
      return tools?.find((tool) => tool.name === name)?.argumentNames;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof BridgeError || patience.aborted) return undefined;
      throw error;
    }
  };
