import { existsSync } from 'node:fs';
import { BridgeError, createMcpHost, type McpConfig, type McpServerEntry, pluginId } from '@latchkey/mcp-bridge';
import type { Command } from 'commander';
import { openMcpJson } from '../config/open-mcp-json.ts';
import { CommandError } from './command-error.ts';
import { addMcpFileOptions, findMcpFile, type McpFileFlags, sandboxOptions } from './mcp-file.ts';
import { print, printJson, printTable, remark } from './print.ts';

/** Longer than a server waits: npm tries for over a minute before it says that a package cannot be fetched. */
const START_MILLISECONDS = 120_000;

interface Flags extends McpFileFlags {
  readonly json?: boolean;
}

/** `latchkey mcp test`: starts one MCP server by itself, without a Latchkey server, and lists its tools. */
export function addMcpTestCommand(mcp: Command): void {
  addMcpFileOptions(mcp.command('test').description('start one server of mcp.json by itself and list its tools'))
    .argument('<label>', 'how it is called in mcp.json')
    .option('--json', 'print JSON')
    .action(async (label: string, flags: Flags) => {
      const config = await load(findMcpFile(flags));
      const entry = findEntry(config, label);
      const interrupted = new AbortController();
      process.once('SIGINT', () => interrupted.abort(new CommandError('Interrupted.', { ending: 'interrupted' })));
      await using host = createMcpHost({
        // All entries are passed: a file that another server can write is not run for this one.
        config,
        limits: { startTimeoutMs: START_MILLISECONDS },
        ...sandboxOptions(flags, config.servers),
      });
      const options = { start: true, signal: interrupted.signal };
      try {
        const tools = (await host.tools(entry.id, () => ({ allowed: true }), options)) ?? [];
        const problems = host.servers().flatMap((server) => server.problems.map(({ text }) => text));
        if (flags.json) return printJson({ id: entry.id, error: null, tools, problems });
        print(`${entry.id} works and has ${tools.length} tools.`);
        for (const warning of [...(entry.warnings ?? []), ...problems]) {
          remark(`warning: ${warning}`);
        }
        printTable(
          ['TOOL', 'DESCRIPTION'],
          tools.map(({ name, description = '' }) => [name, description.split('\n', 1)[0] ?? '']),
        );
      } catch (error) {
        if (!(error instanceof BridgeError)) throw error;
        const output = host.output(entry.id);
        const said = entry.transport === 'stdio' ? printed(output) : [];
        if (!flags.json) {
          throw new CommandError([error.message, ...said].join('\n'), { ending: 'failed', cause: error });
        }
        process.exitCode = 1;
        printJson({ id: entry.id, error: error.message, output: output === '' ? [] : output.split('\n') });
      }
    });
}

function load(file: string): Promise<McpConfig> {
  if (!existsSync(file))
    throw new CommandError(`There is no file ${file}. 'latchkey mcp add' makes it.`, { ending: 'missing' });
  return openMcpJson(file, process.env);
}

function findEntry({ servers }: McpConfig, label: string): McpServerEntry {
  const entry = [...servers.values()].find(({ id }) => id === label || id === pluginId(label));
  if (entry !== undefined) return entry;
  throw new CommandError(`There is no server '${label}' in mcp.json, or it is disabled there.`, { ending: 'missing' });
}

function printed(output: string): readonly string[] {
  if (output === '') return ['It printed nothing on its standard error.'];
  return ['It printed:', ...output.split('\n').map((line) => `  ${line}`)];
}
