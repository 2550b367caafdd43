import { stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import type { McpServerEntry } from '../config/mcp-config.ts';
import { placesOf } from './places.ts';
import { follow, isWithinAny } from './trail.ts';

/** A place that the host runs or reads outside the sandbox. */
interface HostPlace {
  /** Its key in the mcp.json. */
  readonly key: string;
  readonly path: string;
}

/** The folders that sandboxed servers write, by label. */
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
 * Returns why an entry cannot be started: something that the host runs or reads for it without a sandbox, or a link on
 * the way to that, is in a folder that a sandboxed server writes. That server could then make the host run or read its
 * own data.
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

/** Returns the program of a command and those of its arguments that are files, as each may be a script. */
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
