import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { text as streamText } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import { findConfigFile, loadConfig } from '../config/load-config.ts';
import { isObject } from '../input/is-object.ts';
import { hideSecrets } from '../telemetry/hide-secrets.ts';
import { CommandError } from './command-error.ts';
import { confirm } from './confirm.ts';
import { addStoreOptions, type ConnectionFlags } from './connection.ts';
import { describeGrant } from './describe-grant.ts';
import type { Found } from './import/found.ts';
import type { Item } from './import/item.ts';
import { importKeys, lookAtKeys } from './import/keys.ts';
import { readLiteLlm } from './import/litellm.ts';
import { readLlamaSwap } from './import/llama-swap.ts';
import { readLmStudio } from './import/lmstudio.ts';
import { linkModels } from './import/models.ts';
import { readOllama } from './import/ollama.ts';
import { mergeSettings } from './import/settings.ts';
import { findMcpFile } from './mcp-file.ts';
import { parseConfiguration } from './mcp-import/read-servers.ts';
import { mergeServers, readServersOf } from './mcp-import.ts';
import { print, printJson, printTable, remark } from './print.ts';
import { readTextFile, replaceTextFile } from './text-file.ts';

const SOURCES = ['lmstudio', 'ollama', 'litellm', 'llama-swap'] as const;
type Source = (typeof SOURCES)[number];

interface Flags extends ConnectionFlags {
  readonly from?: Source;
  readonly keys?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `latchkey import`: takes what another server has: models, settings, MCP servers and keys. */
export function addImportCommand(program: Command): void {
  addStoreOptions(
    program.command('import').description('take models, settings, MCP servers and keys of another server'),
  )
    .argument(
      '[place]',
      'its folder, or its configuration, - for standard input (default: the usual folder of lmstudio or ollama)',
    )
    .addOption(new Option('--from <server>', 'which server it is').choices(SOURCES).makeOptionMandatory())
    .option('--no-keys', 'leave its keys out')
    .option('--dry-run', 'only say what would become of each')
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  latchkey import --from lmstudio --dry-run
  latchkey import --from ollama
  latchkey import --from litellm config.yaml
  latchkey import --from llama-swap ~/llama-swap/config.yaml`,
    )
    .action(importFrom);
}

async function importFrom(place: string | undefined, flags: Flags): Promise<void> {
  const { dryRun: isDry = false, data } = flags;
  const found = await read(flags.from ?? 'lmstudio', place);
  const sources = { environment: process.env, flags: { data } };
  const config = loadConfig(sources);
  const configFile = findConfigFile(sources);
  const settings = mergeSettings(readTextFile(configFile), found.settings, {
    data: config.data,
    models: config.models,
  });
  const mcpFile = findMcpFile(flags);
  const mcp = await lookAtServers(found.mcpFile, mcpFile);
  const looked = flags.keys === false ? [] : lookAtKeys(found.keys);
  const rest: readonly Item[] = found.leftOut.map((one) => ({ ...one, outcome: 'left out' }));
  const linkable = linkModels(found.models, config.models, true);
  const plan = [...linkable, ...settings.items, ...mcp.items, ...looked, ...rest];
  const isEmpty = !plan.some(({ outcome }) => outcome === 'taken');
  if (!flags.json) show(plan);
  if (isDry || isEmpty) {
    if (flags.json) printJson({ dryRun: isDry, items: plan });
    else if (isEmpty) remark('There is nothing to take.');
    return;
  }
  if (!flags.yes) await agree();
  const models = linkModels(found.models, config.models, false);
  if (settings.json !== undefined) replaceTextFile(configFile, settings.json);
  if (mcp.json !== undefined) replaceTextFile(mcpFile, mcp.json);
  const keys = await importKeys(found.keys, looked, flags, process.env);
  const items = [...models, ...settings.items, ...mcp.items, ...keys, ...rest];
  if (flags.json) printJson({ dryRun: false, items });
  else {
    show([...changedOf(linkable, models), ...changedOf(looked, keys)]);
    print(`Taken: ${items.filter(({ outcome }) => outcome === 'taken').length}.`);
    if (settings.json !== undefined) print(`${configFile} was written; it counts once the server starts again.`);
  }
}

/** What became of things otherwise than it was said before. */
const changedOf = (planned: readonly Item[], done: readonly Item[]): readonly Item[] =>
  done.filter(({ outcome }, index) => outcome !== planned[index]?.outcome);

async function agree(): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new CommandError(
      'Look at what is to be taken with --dry-run, above all at the keys and MCP servers, and say --yes then.',
    );
  }
  await confirm('Take these?');
}

async function read(source: Source, place: string | undefined): Promise<Found> {
  if (source === 'lmstudio') return readLmStudio(folderOf(place, join(homedir(), '.lmstudio')));
  if (source === 'ollama') {
    const models = process.env.OLLAMA_MODELS;
    return readOllama(
      folderOf(place, models === undefined || models === '' ? join(homedir(), '.ollama', 'models') : models),
    );
  }
  if (place === undefined)
    throw new CommandError(`Name the configuration: latchkey import --from ${source} config.yaml.`);
  const isTyped = place === '-';
  const text = isTyped ? await streamText(process.stdin) : readTextFile(place);
  if (text === undefined) throw missing(place);
  const name = isTyped ? 'standard input' : basename(place);
  const root = await parseConfiguration(text, name);
  if (!isObject(root)) throw new CommandError(`${name} is not a configuration of ${source}.`);
  if (source === 'litellm') return readLiteLlm(root, process.env);
  return readLlamaSwap(root, isTyped ? process.cwd() : dirname(resolve(place)), process.env);
}

function folderOf(place: string | undefined, usual: string): string {
  const folder = place ?? usual;
  if (!existsSync(folder)) throw missing(folder);
  return folder;
}

const missing = (place: string): CommandError => new CommandError(`${place} is not there.`, { ending: 'missing' });

async function lookAtServers(
  source: string | undefined,
  file: string,
): Promise<{ readonly json?: string; readonly items: readonly Item[] }> {
  if (source === undefined) return { items: [] };
  const { json, servers } = mergeServers(readTextFile(file), await readServersOf(source), false);
  const items = servers.map(({ label, outcome, runs, note }): Item => {
    const said = [runs, note].filter((part) => part !== undefined).join(': ');
    return {
      what: 'mcp server',
      name: label,
      outcome: outcome === 'left out' ? outcome : 'taken',
      ...(said !== '' && { note: said }),
    };
  });
  const isChanged = items.some(({ outcome }) => outcome === 'taken');
  return { ...(isChanged && json !== undefined && { json }), items };
}

function show(items: readonly Item[]): void {
  if (items.length === 0) return;
  printTable(
    ['WHAT', 'NAME', 'OUTCOME', 'NOTE'],
    items.map(({ what, name, outcome, note, grant }) => [what, hideSecrets(name), outcome, describe(note, grant)]),
  );
}

const describe = (note = '', grant: Item['grant']): string =>
  [hideSecrets(note), ...(grant === undefined ? [] : [describeGrant({ ...grant }).join(', ')])]
    .filter((part) => part !== '')
    .join('; it may: ');
