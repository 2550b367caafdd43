import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  addServerToMcpJson,
  BridgeError,
  type McpServerEntry,
  parseMcpJson,
  pluginId,
  removeServerFromMcpJson,
} from '@latchkey/mcp-bridge';
import type { Command } from 'commander';
import { hideSecrets } from '../telemetry/hide-secrets.ts';
import { CommandError } from './command-error.ts';
import { confirm } from './confirm.ts';
import { addMcpFileOptions, findMcpFile, type McpFileFlags } from './mcp-file.ts';
import { isLink, readInstallLink } from './mcp-import/install-link.ts';
import { toPlainNotation } from './mcp-import/plain-notation.ts';
import { readServers } from './mcp-import/read-servers.ts';
import { print, printJson, printTable, remark } from './print.ts';
import { readTextFile, replaceTextFile } from './text-file.ts';

interface Flags extends McpFileFlags {
  readonly replace?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What becomes of one server of the source. */
interface Imported {
  readonly label: string;
  readonly id: string;
  readonly outcome: 'added' | 'replaced' | 'left out';
  /** The command line or the URL. */
  readonly runs?: string;
  /** Why it is left out, or what it still needs. */
  readonly note?: string;
}

/** `latchkey mcp import`: takes the servers of another host's configuration, or of a link, into mcp.json. */
export function addMcpImportCommand(mcp: Command): void {
  addMcpFileOptions(mcp.command('import').description("take the servers of another host's file, or of an install link"))
    .argument('<source>', 'a file (JSON, TOML, YAML), a link such as lmstudio://add_mcp?…, or - for standard input')
    .option('--replace', 'take the place of servers that are there already')
    .option('--dry-run', 'only say what would become of each')
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  latchkey mcp import ~/.codex/config.toml
  latchkey mcp import ~/.config/goose/config.yaml --dry-run
  latchkey mcp import 'cursor://anysphere.cursor-deeplink/mcp/install?name=files&config=eyJ…'`,
    )
    .action(importServers);
}

async function importServers(source: string, flags: Flags): Promise<void> {
  const file = findMcpFile(flags);
  const found = await readServersOf(source);
  const { json, servers } = mergeServers(readTextFile(file), found, flags.replace === true);
  const isDry = flags.dryRun === true;
  const taken = servers.filter(({ outcome }) => outcome !== 'left out');
  if (!flags.json) show(servers);
  if (taken.length > 0 && !isDry) {
    // What a link says is run as a program, with the rights of the server.
    if (!flags.yes) await agree(taken, file);
    replaceTextFile(file, json ?? '');
  }
  if (flags.json) printJson({ file, written: taken.length > 0 && !isDry, servers });
  else if (taken.length === 0) throw new CommandError('No server was imported.', { ending: 'failed' });
  else if (!isDry) print(`${file} was written. A server that runs with this file reads it again at once.`);
}

async function agree(taken: readonly Imported[], file: string): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new CommandError('Look at what is to be imported with --dry-run, and say --yes then.');
  }
  await confirm(`Write ${taken.map(({ label }) => label).join(', ')} to ${file}?`);
}

/** Reads the servers in a file, in a link, or in standard input (`-`). @throws {CommandError} */
export async function readServersOf(source: string): Promise<Readonly<Record<string, unknown>>> {
  if (source === '-') return readServers(await text(process.stdin), 'standard input');
  if (isLink(source)) {
    const { name, entry } = readInstallLink(source);
    return { [name]: entry };
  }
  try {
    return await readServers(readFileSync(source, 'utf8'), basename(source));
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`${source} cannot be read (${code}).`, {
      ending: code === 'ENOENT' ? 'missing' : 'machine',
    });
  }
}

/** Adds each server to the text by itself: one that cannot be taken costs no other. */
export function mergeServers(
  before: string | undefined,
  found: Readonly<Record<string, unknown>>,
  replaces: boolean,
): { readonly json: string | undefined; readonly servers: readonly Imported[] } {
  let json = before;
  const servers: Imported[] = [];
  for (const [name, raw] of Object.entries(found)) {
    const label = toLabel(name);
    const id = pluginId(label);
    const plain = toPlainNotation(raw);
    if ('problem' in plain) {
      servers.push({ label, id, outcome: 'left out', note: plain.problem });
      continue;
    }
    try {
      const isThere = replaces && json !== undefined && has(json, label);
      const without = isThere ? removeServerFromMcpJson(json as string, label) : json;
      json = addServerToMcpJson(without, label, plain.entry);
      servers.push({ label, id, outcome: isThere ? 'replaced' : 'added', ...describe(json, label) });
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error;
      servers.push({ label, id, outcome: 'left out', note: error.message.replace(/^mcp\.json: /, '') });
    }
  }
  return { json, servers };
}

function has(json: string, label: string): boolean {
  try {
    removeServerFromMcpJson(json, label);
    return true;
  } catch (error) {
    if (error instanceof BridgeError && error.code === 'MCP_SERVER_UNKNOWN') return false;
    throw error;
  }
}

/** A label without characters that mcp.json of other hosts allows and a command line does not. */
const toLabel = (name: string): string =>
  name
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 64) || 'server';

function describe(json: string, label: string): Pick<Imported, 'runs' | 'note'> {
  const { servers } = parseMcpJson(json, process.env);
  const entry = servers.get(label);
  if (entry === undefined) return { note: 'it is switched off' };
  const notes = [...(entry.problem === undefined ? [] : [entry.problem]), ...(entry.warnings ?? [])];
  const runs = { runs: hideSecrets(lineOf(entry)) };
  return notes.length === 0 ? runs : { ...runs, note: hideSecrets(notes.join('; ')) };
}

function lineOf(entry: McpServerEntry): string {
  if (entry.transport === 'stdio') return [entry.command, ...entry.args].join(' ');
  return entry.transport === 'unreadable' ? '' : entry.url;
}

function show(servers: readonly Imported[]): void {
  printTable(
    ['LABEL', 'OUTCOME', 'RUNS', 'NOTE'],
    servers.map(({ label, outcome, runs = '-', note = '' }) => [label, outcome, runs, note]),
  );
  if (servers.length === 0) remark('There are no MCP servers in it.');
}
