import type { Command } from 'commander';
import { CommandError } from './command-error.ts';
import { confirm } from './confirm.ts';
import { addConnectionOptions, type ConnectionFlags, connect } from './connection.ts';
import { print, printJson, remark, style } from './print.ts';

interface Flags extends ConnectionFlags {
  readonly json?: boolean;
  readonly yes?: boolean;
}

interface Reviewed {
  readonly name: string;
  readonly state: 'approved' | 'changed' | 'new';
  readonly fingerprint: string;
  readonly flags: readonly { readonly kind: string; readonly path: string; readonly detail: string }[];
  readonly diff?: string;
}

/** `latchkey mcp diff <server> [tools…]`, `latchkey mcp approve <server> [tools…]`. */
export function addMcpPinCommands(mcp: Command): void {
  addConnectionOptions(mcp.command('diff').description('show the tools of a server that are held back, and why'))
    .argument('<server>', 'its label, or its id')
    .argument('[tools...]', 'only these')
    .option('--json', 'print JSON')
    .action(async (server: string, names: readonly string[], flags: Flags) => {
      const waiting = await findWaiting(server, names, flags);
      if (flags.json) return printJson({ tools: waiting });
      if (waiting.length === 0) remark('Nothing is held back.');
      for (const tool of waiting) show(tool);
    });

  addConnectionOptions(mcp.command('approve').description('approve tools of a server that are held back'))
    .argument('<server>', 'its label, or its id')
    .argument('[tools...]', 'only these')
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .action(async (server: string, names: readonly string[], flags: Flags) => {
      const waiting = await findWaiting(server, names, flags);
      if (waiting.length === 0) return flags.json ? printJson({ approved: [] }) : print('Nothing is held back.');
      if (!flags.json) for (const tool of waiting) show(tool);
      if (!flags.yes) await ask(waiting.length);
      // Approves exactly what was shown; a definition that has changed since then is refused.
      const tools = waiting.map(({ name, fingerprint }) => ({ name, fingerprint }));
      const response = await connect(flags, process.env).request('POST', `${pathOf(server)}/approve`, { tools });
      if (flags.json) return printJson(await response.json());
      print(`Approved: ${waiting.map(({ name }) => name).join(', ')}`);
    });
}

async function findWaiting(server: string, names: readonly string[], flags: Flags): Promise<readonly Reviewed[]> {
  const response = await connect(flags, process.env).request('GET', `${pathOf(server)}/pins?start=true`);
  const { tools } = (await response.json()) as { tools: readonly Reviewed[] | null };
  if (tools === null) throw new CommandError(`The MCP server '${server}' is not started for this token.`);
  const missing = names.find((name) => !tools.some((tool) => tool.name === name));
  if (missing !== undefined) throw new CommandError(`The MCP server has no tool '${missing}'.`);
  return tools.filter(({ name, state }) => state !== 'approved' && (names.length === 0 || names.includes(name)));
}

async function ask(count: number): Promise<void> {
  if (!process.stdin.isTTY)
    throw new CommandError('There is no terminal to ask at: look at the changes, and add --yes.');
  await confirm(count === 1 ? 'Approve this tool?' : `Approve these ${count} tools?`);
}

/** Prints a reviewed tool. All of its text comes from the MCP server and is not trusted. */
function show({ name, state, flags, diff = '' }: Reviewed): void {
  print(style('bold', `${name}  ${state}`));
  for (const { kind, path, detail } of flags) {
    print(style('yellow', `  ! ${kind}${path === '' ? '' : ` in ${path}`}: ${detail}`));
  }
  for (const line of diff.split('\n')) {
    const text = `  ${line}`;
    print(line.startsWith('+') ? style('green', text) : line.startsWith('-') ? style('red', text) : text);
  }
}

function pathOf(server: string): string {
  const label = server.startsWith('mcp/') ? server.slice('mcp/'.length) : server;
  return `/api/v1/mcp/servers/${encodeURIComponent(label)}`;
}
