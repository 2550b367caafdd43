import { BridgeError, type McpHost, type OfferedTool, type ToolGate } from '@latchkey/mcp-bridge';
import { withoutAbsent } from '../config/without-absent.ts';
import type { McpSwitches } from './mcp-switches.ts';
import type { Decide } from './permission-gate.ts';

/** How long to wait for a server to start; it continues to start after that, for the next request. */
const PATIENCE_MILLISECONDS = 10_000;

export interface ToolDefinitionsOptions {
  readonly host: Pick<McpHost, 'tools'>;
  readonly switches: () => Pick<McpSwitches, 'allowMcpJson'>;
}

/** Finds what a decision needs of a tool's definition, for a caller that may list the tool; otherwise undefined. */
export type FindDefinition = (
  tool: { readonly server: string; readonly name: string },
  caller: { readonly decide: Decide; readonly signal: AbortSignal },
) => Promise<Pick<OfferedTool, 'argumentNames' | 'effect'> | undefined>;

/** Finds the same definitions as a call: approved ones, of a server that is started if needed. */
export const findDefinition =
  ({ host, switches }: ToolDefinitionsOptions): FindDefinition =>
  async ({ server, name }, { decide, signal }) => {
    const gate: ToolGate = ({ server: id, tool, effect }) =>
      decide({ action: 'chat', mcp: { server: id, ...withoutAbsent({ name: tool, effect }) } }, []).allowed
        ? { allowed: true }
        : { allowed: false, reason: 'no grant allows it' };
    if (!switches().allowMcpJson || !decide({ action: 'chat', mcp: { server, name } }, []).allowed) return undefined;
    const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MILLISECONDS)]);
    try {
      const tools = await host.tools(server, gate, { start: true, signal: patience });
      return tools?.find((tool) => tool.name === name);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof BridgeError || patience.aborted) return undefined;
      throw error;
    }
  };
