import { stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import type { McpServerEntry } from '../config/mcp-config.ts';
import { placesOf } from './places.ts';
import { follow, isWithinAny } from './trail.ts';

/** A place that the host runs or reads outside of all walls. */
interface HostPlace {
  /** How the mcp.json calls it. */
  readonly key: string;
  readonly path: string;
}

/** The folders that servers in sandboxes write, by the label of the server. */
export async function writtenFolders(
  entries: readonly McpServerEntry[],
  homes: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const written = new Map<string, readonly string[]>();
  for (const entry of entries) {
    if (entry.transport !== 'stdio' || entry.sandbox === 'off') continue;
    const { sandbox = 'auto', cwd } = entry;
    const folders =
      typeof sandbox === 'object'
        ? [...sandbox.write, ...(cwd === undefined ? [] : [cwd])]
        : (await placesOf(entry, homes)).writable;
    const trails = await Promise.all(folders.map(follow));
    written.set(
      entry.label,
      trails.flatMap((trail) => (trail === undefined ? [] : [trail.path])),
    );
  }
  return written;
}

/**
 * Why an entry cannot be started: what it has the host run or read without a sandbox, or a link on the way to that, lies where a
 * server in a sandbox writes, and would be that server's word to the host.
 */
export async function hostSideProblem(
  entry: McpServerEntry,
  written: ReadonlyMap<string, readonly string[]>,
  path: string,
): Promise<string | undefined> {
  for (const { key, path: place } of await hostPlaces(entry, path)) {
    const trail = await follow(place);
    if (trail === undefined) continue;
    for (const [label, folders] of written) {
      if (![trail.path, ...trail.links].some((step) => isWithinAny(step, folders))) continue;
      return `its ${key} uses ${place}, which the server "${label}" can change: move it out of the folders that "${label}" writes, or name narrower ones there`;
    }
  }
  return undefined;
}

async function hostPlaces(entry: McpServerEntry, path: string): Promise<readonly HostPlace[]> {
  if (entry.transport === 'unreadable') return [];
  if (entry.transport !== 'stdio') return commandPlaces('headersCommand', entry.headersCommand ?? [], '/', path);
  const { envCommand = [], command, args, cwd = process.cwd(), sandbox } = entry;
  const places = await commandPlaces('envCommand', envCommand, cwd, path);
  if (sandbox !== 'off') return places;
  return [
    ...places,
    ...(await commandPlaces('command', [command, ...args], cwd, path)),
    ...(entry.envFile === undefined ? [] : [{ key: 'envFile', path: entry.envFile }]),
  ];
}

/** A command's program and those of its arguments that are files: any of them may be a script. */
async function commandPlaces(
  key: string,
  [program, ...args]: readonly string[],
  folder: string,
  path: string,
): Promise<readonly HostPlace[]> {
  if (program === undefined) return [];
  const found = program.includes('/')
    ? [resolve(folder, program)]
    : path
        .split(delimiter)
        .filter(isAbsolute)
        .map((entry) => join(entry, program));
  const named = args
    .map((argument) => argument.replace(/^-[^=/]*=/, ''))
    .filter((argument) => argument !== '' && !argument.includes('\0'))
    .map((argument) => resolve(folder, argument));
  const places: HostPlace[] = [];
  for (const candidate of [...found, ...named]) {
    const isFile = await stat(candidate).then(
      (status) => status.isFile(),
      () => false,
    );
    if (isFile) places.push({ key, path: candidate });
  }
  return places;
}
