import type { Transport } from '@modelcontextprotocol/client';
import { readLine } from '../transport/mend-message.ts';
import type { TransportOpener } from '../transport/open-transport.ts';
import { createScriptedServer, type ScriptedMode } from './scripted-server-core.ts';

/**
 * Opens scripted servers in memory, for tests without processes. The modes are the `args` of an entry. Floods need a
 * real pipe to be bounded; use `scriptedServerPath` for them.
 *
 * @example
 * ```ts
 * import { createMcpHost, parseMcpJson } from '@latchkey/mcp-bridge';
 * import { scriptedOpener } from '@latchkey/mcp-bridge/testing';
 *
 * const config = parseMcpJson('{ "mcpServers": { "a": { "command": "scripted", "args": ["noise"] } } }', {});
 * await using host = createMcpHost({ config, opener: scriptedOpener() });
 * console.log(host.servers());
 * ```
 */
export function scriptedOpener(onStart: (label: string) => void = () => {}): TransportOpener {
  return (entry) => {
    const modes = new Set((entry.transport === 'stdio' ? entry.args : []) as ScriptedMode[]);
    let ended = '';
    const end = (reason: string): void => {
      if (ended !== '') return;
      ended = reason;
      queueMicrotask(() => transport.onclose?.());
    };
    const server = createScriptedServer(modes, {
      write: (text) => {
        for (const line of text.trimEnd().split('\n')) {
          for (const message of readLine(line)) {
            queueMicrotask(() => ended === '' && transport.onmessage?.(message));
          }
        }
      },
      end: (code) => end(`it ended with code ${code}`),
      startGrandchild: () => 0,
      stopReading: () => {},
    });
    const transport: Transport = {
      async start() {
        onStart(entry.label);
        if (modes.has('die-at-start')) end('it ended with code 1');
      },
      async send(message) {
        if (ended !== '') throw new Error('Not connected');
        server.receive(JSON.parse(JSON.stringify(message)));
      },
      async close() {
        end('it was closed');
      },
    };
    return {
      transport,
      negotiates: false,
      hears: true,
      exchange: (task) => task(),
      close: () => transport.close(),
      reason: () => ended,
      diagnostics: () => '',
    };
  };
}
