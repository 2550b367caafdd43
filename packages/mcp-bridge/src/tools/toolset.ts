import type { BridgeLogger } from '../logger.ts';
import { type CallableTool, runToolCall } from './run-tool-call.ts';
import { assignAliases } from './tool-alias.ts';
import type { ToolGate } from './tool-gate.ts';
import type { ToolOutcome } from './tool-outcome.ts';
import type { ToolProgress } from './tool-progress.ts';

/** A tool as it is described to a model. */
export interface ToolsetTool {
  /** The name that the model sees and calls. */
  readonly name: string;
  /** The plugin id of its server. */
  readonly server: string;
  /** The tool's own name. */
  readonly tool: string;
  readonly description?: string;
  /** A JSON Schema of type `object`. */
  readonly inputSchema: Record<string, unknown>;
  /** The `$schema` of its definition: the JSON Schema dialect of `inputSchema`. Absent: the protocol's default. */
  readonly dialect?: string;
}

/** Options of {@link Toolset.call}. */
export interface ToolCallOptions {
  /** Cancels the call. */
  readonly signal: AbortSignal;
  /** Called with each progress report of the server. */
  readonly onProgress?: (progress: ToolProgress) => void;
}

/** The tools of one request: a snapshot, so that nothing a server does later adds to it or changes it. */
export interface Toolset {
  readonly tools: readonly ToolsetTool[];
  /**
   * Calls a tool by the name that the model sees. Every outcome is a value; this never rejects. The gate is asked
   * again, with exactly the arguments that are sent.
   */
  call(alias: string, args: unknown, options: ToolCallOptions): Promise<ToolOutcome>;
  /** Cancels the calls in flight and waits for them. Servers keep running for other requests. */
  close(): Promise<void>;
}

const namesInHint = 32;

export interface ToolsetOptions {
  readonly gate: ToolGate;
  readonly logger: BridgeLogger;
}

export function createToolset(permitted: readonly CallableTool[], options: ToolsetOptions): Toolset {
  const byAlias = assignAliases(
    permitted.map((callable) => {
      const { id, label } = callable.connection.entry;
      return { server: id, label, tool: callable.definition.name, callable };
    }),
  );
  const tools = [...byAlias].map(([name, { server, tool, callable }]): ToolsetTool => {
    const { description, inputSchema, dialect } = callable.definition;
    const said = {
      ...(description === undefined ? {} : { description }),
      ...(dialect === undefined ? {} : { dialect }),
    };
    return Object.freeze({ name, server, tool, ...said, inputSchema });
  });
  const closed = new AbortController();
  let isClosed = false;
  const running = new Set<Promise<ToolOutcome>>();

  return {
    tools: Object.freeze(tools),
    async call(alias, args, { signal, onProgress }) {
      const found = byAlias.get(alias);
      if (found === undefined) return unknownName(alias, tools);
      if (isClosed) closed.abort();
      const call = runToolCall(found.callable, args, { ...options, signal, onProgress, closed: closed.signal });
      running.add(call);
      try {
        return await call;
      } finally {
        running.delete(call);
      }
    },
    async close() {
      isClosed = true;
      // Most toolsets are closed after their calls: an abort without a listener costs an error with its stack.
      if (running.size > 0) closed.abort();
      await Promise.all(running);
    },
  };
}

/** Returns the same outcome for a forbidden tool and for one that does not exist. */
function unknownName(alias: string, tools: readonly ToolsetTool[]): ToolOutcome {
  const names = tools.slice(0, namesInHint).map(({ name }) => name);
  const hint = names.length === 0 ? 'There are none to call.' : `Those that can be called: ${names.join(', ')}.`;
  const reason = `There is no tool of this name. ${hint}`;
  return { type: 'failure', kind: 'invalid_name', tool: alias, reason };
}
