import { join, resolve } from 'node:path';
import {
  addServerToMcpJson,
  type McpConfig,
  type McpHostOptions,
  pluginId,
  removeServerFromMcpJson,
} from '@latchkey/mcp-bridge';
import { type Command, Option } from 'commander';
import { backupListFile } from '../config/backup-list.ts';
import { loadConfig } from '../config/load-config.ts';
import { hiddenPlaces } from '../config/own-secrets.ts';
import { CommandError } from './command-error.ts';
import { print, printJson } from './print.ts';
import { readTextFile, replaceTextFile } from './text-file.ts';

/** The flags that select the mcp.json. */
export interface McpFileFlags {
  readonly mcp?: string;
  readonly data?: string;
}

interface AddFlags extends McpFileFlags {
  readonly url?: string;
  readonly type?: string;
  readonly header: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly json?: boolean;
}

/** Adds the flags of `McpFileFlags` to a command. */
export const addMcpFileOptions = (command: Command): Command =>
  command
    .option('--mcp <file>', 'the mcp.json (default: the one that the server on the data folder reads)')
    .option('--data <dir>', 'the data folder (default: ~/.latchkey)');

/** Returns the path of the mcp.json that a server with these flags would read, even if the file does not exist. */
export function findMcpFile({ mcp, data }: McpFileFlags): string {
  const config = loadConfig({ environment: process.env, flags: { mcp, data } });
  return config.mcp ?? join(config.data, 'mcp.json');
}

/** The options with which `latchkey serve` makes the sandboxes of the servers in the file. */
export function sandboxOptions(
  flags: McpFileFlags,
  servers: McpConfig['servers'],
): Required<Pick<McpHostOptions, 'hiddenFromServers' | 'hiddenListFile' | 'serverHomes'>> {
  const { data, logFile } = loadConfig({ environment: process.env, flags: { mcp: flags.mcp, data: flags.data } });
  const places = { data, logFile, mcp: findMcpFile(flags), configFile: join(data, 'config.json') };
  return {
    hiddenFromServers: hiddenPlaces(places, servers, process.env),
    hiddenListFile: backupListFile(data),
    serverHomes: join(resolve(data), 'mcp-homes'),
  };
}

/** `latchkey mcp add|remove`: they change the file; a running server reloads it by itself. */
export function addMcpFileCommands(mcp: Command): void {
  addMcpFileOptions(mcp.command('add').description('add a server to mcp.json, e.g. mcp add files -- mcp-files /srv'))
    .argument('<label>', 'how it is called; requests name it mcp/<label>')
    .argument('[command...]', "the program and its arguments, after '--'")
    .option('--url <url>', 'a remote server in place of a program')
    .addOption(
      new Option('--type <type>', 'how a remote server is spoken to (default: both are tried)').choices([
        'http',
        'sse',
      ]),
    )
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder of an mcp.json
    .option('--header <name=value>', "a header of a remote server, e.g. 'Authorization=Bearer ${TOKEN}'", collect, {})
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder of an mcp.json
    .option('--env <name=value>', "a variable of a program, e.g. 'API_KEY=${API_KEY}'", collect, {})
    .option('--cwd <dir>', 'the working folder of a program')
    .option('--json', 'print JSON')
    .action((label: string, command: readonly string[], flags: AddFlags) => {
      const file = findMcpFile(flags);
      replaceTextFile(file, addServerToMcpJson(readTextFile(file), label, toEntry(command, flags)));
      tell(flags, { label, file }, 'added to');
    });

  addMcpFileOptions(mcp.command('remove').description('remove a server from mcp.json'))
    .argument('<label>', 'how it is called in mcp.json')
    .option('--json', 'print JSON')
    .action((label: string, flags: McpFileFlags & { json?: boolean }) => {
      const file = findMcpFile(flags);
      const text = readTextFile(file);
      if (text === undefined) throw new CommandError(`There is no file ${file}.`);
      replaceTextFile(file, removeServerFromMcpJson(text, label));
      tell(flags, { label, file }, 'removed from');
    });
}

function toEntry([program, ...args]: readonly string[], flags: AddFlags): Readonly<Record<string, unknown>> {
  const { url, type, header: headers, env, cwd } = flags;
  if ((program === undefined) === (url === undefined)) {
    throw new CommandError("Say either --url, or '--' and the program with its arguments.");
  }
  const [misplaced] =
    url === undefined
      ? [...(type === undefined ? [] : ['--type']), ...(hasAny(headers) ? ['--header'] : [])]
      : [...(hasAny(env) ? ['--env'] : []), ...(cwd === undefined ? [] : ['--cwd'])];
  if (misplaced !== undefined) {
    throw new CommandError(`${misplaced} is for ${url === undefined ? 'remote servers' : 'programs'} only.`);
  }
  if (url !== undefined) {
    return { ...(type === undefined ? {} : { type }), url, ...(hasAny(headers) ? { headers } : {}) };
  }
  return {
    command: program,
    ...(args.length === 0 ? {} : { args }),
    ...(hasAny(env) ? { env } : {}),
    ...(cwd === undefined ? {} : { cwd }),
  };
}

const hasAny = (record: object): boolean => Object.keys(record).length > 0;

function collect(text: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new CommandError('Write --env and --header as NAME=VALUE.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

function tell({ json }: { json?: boolean }, { label, file }: { label: string; file: string }, did: string): void {
  const id = pluginId(label);
  if (json) printJson({ id, file });
  else print(`${id} was ${did} ${file}. A server that runs with this file reads it again at once.`);
}
