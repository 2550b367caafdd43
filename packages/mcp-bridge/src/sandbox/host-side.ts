import { stat } from 'node:fs/promises';
import { basename, delimiter, isAbsolute, join, resolve } from 'node:path';
import type { Environment } from '../config/interpolate.ts';
import type { McpServerEntry, StdioServerEntry } from '../config/mcp-config.ts';
import { runsInContainer } from './layers.ts';
import { findOwnHome } from './own-home.ts';
import { namedPaths, placesOf } from './places.ts';
import { approach, follow, isWithinAny, type Trail } from './trail.ts';

/** A place that the host runs or reads outside the sandbox. */
interface HostPlace {
  /** Its key in the mcp.json. */
  readonly key: string;
  readonly path: string;
  /** Whether the place is shared as data: it may be the folder that a server writes, but not a place inside it. */
  readonly isShared?: boolean;
}

/** The folders that sandboxed servers write, and those that containers do, by label. */
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
        : runsInContainer(entry)
          ? await mountedFolders(entry)
          : (await placesOf(entry, homes)).writable;
    const trails = await Promise.all(folders.map(follow));
    written.set(
      entry.label,
      trails.flatMap((trail) => (trail === undefined ? [] : [trail.path])),
    );
  }
  return written;
}

/** The paths of this machine in an argument of a container engine. */
const mountedPaths = (argument: string, folder: string): readonly string[] =>
  argument
    .split(/[:,=]/)
    .filter((word) => /^(?:~|\.{0,2})\//.test(word) && !word.includes('\0'))
    .map((word) =>
      resolve(
        folder,
        word.replace(/^~/, (tilde) => findOwnHome() ?? tilde),
      ),
    );

/** The folders of this machine that a container is given to write, e.g. by `-v /srv/data:/data`. */
async function mountedFolders({ args, cwd = process.cwd() }: StdioServerEntry): Promise<readonly string[]> {
  const isReadOnly = /:(?:\w+,)*ro(?:,|$)|,(?:readonly|ro)(?:[=,]|$)/;
  const named = args.filter((argument) => !isReadOnly.test(argument));
  const paths = named.flatMap((argument) => mountedPaths(argument, cwd));
  const status = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return paths.filter((_, index) => status[index]?.isDirectory());
}

/**
 * Returns the folders of a PATH in which no sandboxed server, and no container, can put a program: the host runs the
 * tools of its sandboxes from there.
 */
export async function ownPath(path: string, written: ReadonlyMap<string, readonly string[]>): Promise<string> {
  const folders = [...written.values()].flat();
  const entries = path.split(delimiter).filter(isAbsolute);
  const trails = await Promise.all(entries.map(approach));
  const isOwn = trails.map(({ path: place, links }) => ![place, ...links].some((step) => isWithinAny(step, folders)));
  return entries.filter((_, index) => isOwn[index]).join(delimiter);
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
  for (const { key, path: place, isShared = false } of await hostPlaces(entry, path)) {
    const trail = await follow(place);
    if (trail === undefined) continue;
    for (const [label, folders] of written) {
      const steps = [trail.path, ...trail.links];
      if (!steps.some((step) => isWithinAny(step, folders) && !(isShared && folders.includes(step)))) continue;
      return `its ${key} uses ${place}, which the server "${label}" can change: move it out of the folders that "${label}" writes, or name narrower ones there`;
    }
  }
  return undefined;
}

/**
 * Returns why a sandboxed entry cannot be started: a link in a folder that another server writes leads from there to a
 * place that the entry names. The other server could choose what this one reads and writes.
 */
export async function borrowedLink(
  entry: McpServerEntry,
  written: ReadonlyMap<string, readonly string[]>,
): Promise<string | undefined> {
  if (entry.transport !== 'stdio') return undefined;
  const { sandbox, cwd } = entry;
  const listed = [...(typeof sandbox === 'object' ? [...sandbox.read, ...sandbox.write] : namedPaths(entry))];
  for (const place of [...listed, ...(cwd === undefined ? [] : [cwd])]) {
    const trail = await follow(place);
    for (const [label, folders] of trail === undefined ? [] : written) {
      if (label === entry.label || isWithinAny(trail?.path ?? '', folders)) continue;
      const link = trail?.links.find((step) => isWithinAny(step, folders));
      if (link === undefined) continue;
      return `it uses ${place} by the link ${link}, which the server "${label}" can change: name ${trail?.path} itself`;
    }
  }
  return undefined;
}

/**
 * Returns the place to which a link leads that another server can change, and that lies outside of what that server
 * writes. It is asked for the same ways by which a sandbox is made: the link may have been made after an earlier look.
 */
export const borrowedPlace = (
  trails: readonly Trail[],
  written: ReadonlyMap<string, readonly string[]>,
): string | undefined =>
  trails.find(({ path, links }) =>
    [...written.values()].some(
      (folders) => !isWithinAny(path, folders) && links.some((link) => isWithinAny(link, folders)),
    ),
  )?.path;

async function hostPlaces(entry: McpServerEntry, path: string): Promise<readonly HostPlace[]> {
  if (entry.transport === 'unreadable') return [];
  if (entry.transport !== 'stdio') return commandPlaces('headersCommand', entry.headersCommand ?? [], '/', path);
  const { envCommand = [], command, args, cwd = process.cwd(), sandbox, env } = entry;
  const places = await commandPlaces('envCommand', envCommand, sandbox === 'off' ? cwd : '/', path);
  const isContainer = runsInContainer(entry);
  if (sandbox !== 'off' && !isContainer) return places;
  return [
    ...places,
    // An engine follows links on this machine, so that a folder that is moved could open any other to the container.
    ...(isContainer ? await sharedPlaces(args, cwd) : []),
    // Programs look for their own code in the folder that they start in: npm for its scripts, Python for its modules.
    { key: 'cwd', path: cwd },
    ...(await commandPlaces('command', [command, ...args], cwd, path)),
    ...(await variablePlaces(env, cwd)),
    ...(entry.envFile === undefined ? [] : [{ key: 'envFile', path: entry.envFile }]),
  ];
}

/** Options of package managers and interpreters that name the folder whose code is run. */
const folderOption =
  /^(?:-C|--(?:dir|directory|cwd|prefix|project|package|workdir|working-dir|working-directory|manifest-path|app-dir))(?:=|$)/;
/** A program or a package that runs git, e.g. `git`, `mcp-server-git`, `@cyanheads/git-mcp-server`. */
const gitName = /(?:^|[^a-z])git(?:[^a-z]|$)/i;
/** Variables by which programs find code to load, e.g. LD_PRELOAD, NODE_OPTIONS, PYTHONPATH, BASH_ENV. */
const codeVariable =
  /^(?:LD_\w+|(?:NODE_|PYTHON|CLASS|LUA_|LUA_C|GO)?PATH|RUBYLIB|PERL5LIB|\w*OPT(?:ION)?S?|(?:PYTHON|JAVA_|CARGO_)?HOME|PYTHONSTARTUP|(?:BASH_|VIRTUAL_)?ENV|ZDOTDIR|(?:GIT|npm_config|UV|PIP|DENO|BUN|COMPOSE)_\w+|DOCKER_CONFIG)$/i;

/** Returns the program of a command, and what else it may run: the files that its arguments name, and folders of code. */
async function commandPlaces(
  key: string,
  [program, ...args]: readonly string[],
  folder: string,
  path: string,
): Promise<readonly HostPlace[]> {
  if (program === undefined) return [];
  const found = program.includes('/')
    ? [resolve(folder, program)]
    : path.split(delimiter).map((entry) => join(resolve(folder, entry), program));
  const places = await placesIn(key, found, 'files');
  // Git runs the hooks and the programs that a repository names.
  const runsGit = [basename(program), ...args.filter((argument) => !/^[/.~-]/.test(argument))].some((name) =>
    gitName.test(name),
  );
  for (const [index, argument] of args.entries()) {
    const isLine = /\s/.test(argument);
    const isFolder =
      isLine || runsGit || key !== 'command' || folderOption.test(args[index - 1] ?? '') || folderOption.test(argument);
    places.push(...(await placesIn(key, pathsIn(argument, folder), isFolder ? 'files and folders' : 'files')));
  }
  return places;
}

/** Returns the files and folders of this machine in the arguments of a container engine, e.g. in `-v /srv/data:/data`. */
async function sharedPlaces(args: readonly string[], folder: string): Promise<readonly HostPlace[]> {
  const places: HostPlace[] = [];
  for (const argument of args) {
    places.push(...(await placesIn('args', mountedPaths(argument, folder), 'files and folders')));
  }
  return places.map((place) => ({ ...place, isShared: true }));
}

async function variablePlaces(env: Environment, folder: string): Promise<readonly HostPlace[]> {
  const places: HostPlace[] = [];
  for (const [name, text = ''] of Object.entries(env)) {
    if (codeVariable.test(name)) places.push(...(await placesIn(name, pathsIn(text, folder), 'files and folders')));
  }
  return places;
}

/** Returns the paths in a text: the whole of it, the value of an option, and each word of a shell's line. */
function pathsIn(text: string, folder: string): readonly string[] {
  const words = [text, text.replace(/^-[^=/]*=/, ''), ...text.split(/[\s"'`;|&()<>=,:]+/)];
  const atHome = words.map((word) => word.replace(/^(?:~|\$HOME|\$\{HOME\})(?=\/)/, (home) => findOwnHome() ?? home));
  return [...new Set(atHome)]
    .filter((word) => word !== '' && !word.includes('\0'))
    .map((word) => resolve(folder, word));
}

async function placesIn(
  key: string,
  paths: readonly string[],
  what: 'files' | 'files and folders',
): Promise<HostPlace[]> {
  const places: HostPlace[] = [];
  for (const path of paths) {
    const status = await stat(path).catch(() => undefined);
    if (status?.isFile() || (what === 'files and folders' && status?.isDirectory())) places.push({ key, path });
  }
  return places;
}
