import type { Command } from 'commander';
import { CommandError } from './command-error.ts';
import { addCallerOptions, addConnectionOptions, asCaller, type CallerFlags, connect } from './connection.ts';
import { addMcpFileCommands } from './mcp-file.ts';
import { addMcpImportCommand } from './mcp-import.ts';
import { addMcpLoginCommands } from './mcp-login.ts';
import { addMcpPinCommands } from './mcp-pins.ts';
import { addMcpTestCommand } from './mcp-test.ts';
import { print, printJson, printTable, remark } from './print.ts';

interface Flags extends CallerFlags {
  readonly start?: boolean;
  readonly json?: boolean;
}

interface Flag {
  readonly kind: string;
  readonly path: string;
  readonly detail: string;
}

interface Listing {
  readonly servers: readonly ListedServer[];
  /** Why the mcp.json as it is now is refused; null when it is in use. */
  readonly error: string | null;
  /** The parts of the mcp.json in use that have no effect. */
  readonly warnings: readonly string[];
}

interface ListedServer {
  readonly label: string;
  readonly id: string;
  readonly transport: string;
  readonly state: string;
  readonly error: string | null;
  readonly sandbox: {
    readonly layers: readonly string[];
    readonly open: readonly string[];
    readonly missing?: string;
  } | null;
  readonly tools:
    | readonly { readonly name: string; readonly description: string | null; readonly flags: readonly Flag[] }[]
    | null;
  readonly problems: readonly string[] | null;
  readonly pins: { readonly held: readonly { readonly name: string }[] } | null;
  readonly login: { readonly wanted: boolean } | null;
}

/** `latchkey mcp list|tools|logs|login|logout|add|remove|test|diff|approve`. */
export function addMcpCommands(program: Command): void {
  const mcp = program.command('mcp').description('look at the MCP servers of mcp.json, and change the file');

  addCallerOptions(mcp.command('list').description('list the servers of mcp.json and how they are'))
    .option('--start', 'start those that your token may use and that do not run')
    .option('--json', 'print JSON')
    .action(async (flags: Flags) => {
      const { servers, error, warnings } = await readServers(flags, flags.start === true);
      if (flags.json) return printJson({ servers, error, warnings });
      printTable(
        ['LABEL', 'ID', 'TRANSPORT', 'STATE', 'TOOLS', 'SANDBOX', 'ERROR'],
        servers.map(({ label, id, transport, state, tools, sandbox, error: failure, login }) => [
          label,
          id,
          transport,
          state,
          tools === null ? '-' : String(tools.length),
          sandbox?.layers.join(', ') ?? '-',
          failure ?? (login?.wanted === true ? `it wants a login: latchkey mcp login ${label}` : ''),
        ]),
      );
      warnOfFile(error);
      const missing = servers.flatMap(({ label, sandbox }) =>
        sandbox?.missing ? [{ label, why: sandbox.missing }] : [],
      );
      for (const [why, of] of Map.groupBy(missing, (one) => one.why)) {
        const labels = of.map(({ label }) => label).join(', ');
        remark(`note: not all of a sandbox for ${labels}: ${why}`);
      }
      const open = servers.flatMap(({ label, sandbox }) => (sandbox?.open ?? []).map((what) => ({ label, what })));
      for (const [what, of] of Map.groupBy(open, (one) => one.what)) {
        remark(`note: open to ${of.map(({ label }) => label).join(', ')}: ${what}`);
      }
      for (const warning of warnings) remark(`warning: ${warning}`);
      for (const { label, problems } of servers) {
        for (const problem of problems ?? []) remark(`warning: ${label}: ${problem}`);
      }
      for (const { label, pins } of servers) {
        const count = pins?.held.length ?? 0;
        if (count === 0) continue;
        const tools = count === 1 ? '1 tool is' : `${count} tools are`;
        remark(`warning: ${tools} held back; see 'latchkey mcp diff ${label}'`);
      }
    });

  addCallerOptions(mcp.command('tools').description('list the tools that your token may call; starts their servers'))
    .argument('[server]', 'only those of this server: its label, or its id')
    .option('--json', 'print JSON')
    .action(async (name: string | undefined, flags: Flags) => {
      // Only the one that is meant is started: several at once make each of them slower.
      const { servers: all, error } = await readServers(flags, true, name);
      const servers = all.filter((server) => name === undefined || isNamed(server, name));
      warnOfFile(error);
      if (name !== undefined) requireTools(servers, name);
      if (flags.json) return printJson({ servers: servers.map(({ label, id, tools }) => ({ label, id, tools })) });
      printTable(
        ['SERVER', 'TOOL', 'DESCRIPTION'],
        servers.flatMap(({ id, tools }) =>
          (tools ?? []).map((tool) => [id, tool.name, firstLine(tool.description ?? '')]),
        ),
      );
      for (const { id, tools } of servers) for (const tool of tools ?? []) warnOf(`${id} ${tool.name}`, tool.flags);
      for (const server of servers) explainMissing(server);
    });

  addConnectionOptions(mcp.command('logs').description('show what a server printed last on its standard error'))
    .argument('<server>', 'its label, or its id')
    .option('--json', 'print JSON')
    .action(async (name: string, flags: Flags) => {
      const path = `/api/v1/mcp/servers/${encodeURIComponent(toLabel(name))}/logs`;
      const response = await connect(flags, process.env).request('GET', path);
      const body = (await response.json()) as { lines: readonly string[] };
      if (flags.json) return printJson(body);
      for (const line of body.lines) print(line);
    });

  addMcpLoginCommands(mcp);
  addMcpFileCommands(mcp);
  addMcpImportCommand(mcp);
  addMcpTestCommand(mcp);
  addMcpPinCommands(mcp);
}

function warnOf(tool: string, flags: readonly Flag[]): void {
  for (const { kind, path, detail } of flags) {
    remark(`warning: ${tool}: ${kind}${path === '' ? '' : ` in ${path}`}: ${detail}`);
  }
}

/** Warns of an error in the file: it can be why a server that was just added is missing. */
function warnOfFile(error: string | null): void {
  if (error === null) return;
  remark(`warning: mcp.json is not taken, and what was read before stays in use: ${error}`);
}

/** Says why a server has no tools, or not all: without it an empty list looks like a missing permission. */
function explainMissing({ label, state, error, tools, problems, pins }: ListedServer): void {
  for (const problem of problems ?? []) remark(`warning: ${label}: ${problem}`);
  const held = pins?.held.length ?? 0;
  if (held > 0) remark(`warning: ${label}: ${held} held back; see 'latchkey mcp diff ${label}'`);
  if (tools === null && state === 'starting') remark(`note: ${label} is still starting`);
  else if (tools === null && error !== null) remark(`warning: ${label}: ${error}`);
}

async function readServers(flags: Flags, start: boolean, only?: string): Promise<Listing> {
  const query = new URLSearchParams({
    ...(start ? { start: 'true' } : {}),
    ...(only === undefined ? {} : { server: only }),
  });
  const path = `/api/v1/mcp/servers${query.size === 0 ? '' : `?${query}`}`;
  const response = await connect(asCaller(flags), process.env).request('GET', path);
  return (await response.json()) as Listing;
}

const toLabel = (name: string): string => (name.startsWith('mcp/') ? name.slice('mcp/'.length) : name);

const isNamed = ({ label, id }: ListedServer, name: string): boolean => name === label || name === id;

function requireTools([server]: readonly ListedServer[], name: string): void {
  if (server === undefined) {
    throw new CommandError(
      `There is no server '${name}' in mcp.json. 'latchkey mcp list' lists those that there are.`,
      {
        ending: 'missing',
      },
    );
  }
  if (server.tools !== null) return;
  if (server.state === 'starting') {
    const text = `The server '${name}' is still starting. Try again: it goes on starting meanwhile.`;
    throw new CommandError(text, { ending: 'failed' });
  }
  const why = server.error ?? 'your token may use none of its tools, so that it was not started';
  throw new CommandError(`The server '${name}' does not run: ${why}`, { ending: 'failed' });
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';
