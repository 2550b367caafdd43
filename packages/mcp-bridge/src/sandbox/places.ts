import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import type { StdioServerEntry } from '../config/mcp-config.ts';
import { follow, isWithin, isWithinAny, type Trail } from './trail.ts';

/** The places that a server's entry names. */
export interface Places {
  /** Folders that it may write. */
  readonly writable: readonly string[];
  /** Files and folders that it reads, including those of its program. */
  readonly readable: readonly string[];
  /** The files among them that are run: its scripts, with their libraries. */
  readonly code: readonly string[];
  /** The links on the way to all these. */
  readonly links: readonly string[];
  /** Each place with the links on the way to it. */
  readonly trails: readonly Trail[];
}

/** Never writable because of an argument such as /usr/share/fonts. */
const systemFolders = [
  'usr',
  'bin',
  'sbin',
  'lib',
  'lib32',
  'lib64',
  'libx32',
  'etc',
  'opt',
  'dev',
  'proc',
  'sys',
  'run',
  'boot',
]
  .concat(['var/lib/dpkg', 'var/spool', 'var/run', 'var/cache', 'var/log'])
  .map((name) => `/${name}`);

/** Folders in a home whose files the user's other programs run, or which hold credentials. */
const runByOthers = [
  '.config/autostart',
  '.config/systemd',
  '.config/git',
  '.config/fish',
  '.config/environment.d',
].concat(['.config/gcloud', '.config/gh', '.local/bin', '.local/lib', '.local/share', '.local/state']);

/** Files that are run by the program named before them. */
export const scripts = /\.(?:[cm]?[jt]sx?|py|pyz|rb|php|pl|sh|jar|wasm|lua)$/;
const manifests = ['package.json', 'pyproject.toml', 'deno.json', 'Gemfile', 'composer.json'];

/**
 * Returns the places that an entry names in its `cwd`, its arguments and its `env`. A folder is writable, a file is
 * only readable, and a script is shown with its package. Variables of an `envFile` or an `envCommand` are not
 * considered, because the server may be able to change these. Links inside the server's own folders are not followed.
 */
export async function placesOf(entry: StdioServerEntry, homes: readonly string[]): Promise<Places> {
  const found: { trail: Trail; isFolder: boolean }[] = [];
  for (const path of namedPaths(entry)) {
    const trail = await follow(path);
    const status = trail === undefined ? undefined : await lstat(trail.path).catch(() => undefined);
    if (trail === undefined || !(status?.isDirectory() || status?.isFile())) continue;
    found.push({ trail, isFolder: status.isDirectory() });
  }
  const folders = found.filter(({ isFolder }) => isFolder).map(({ trail }) => trail.path);
  const own = found.filter(({ trail }) => !trail.links.some((link) => isWithinAny(dirname(link), folders)));
  const writable: string[] = [];
  const readable: string[] = [];
  const code: string[] = [];
  for (const { trail, isFolder } of own) {
    if (!isFolder) readable.push(trail.path);
    else if (mayWrite(trail.path, homes)) writable.push(trail.path);
    else if (!homes.some((home) => isWithin(home, trail.path) || isGuarded(trail.path, home)))
      readable.push(trail.path);
    if (!isFolder && scripts.test(trail.path)) code.push(trail.path, ...(await librariesOf(trail.path, homes)));
  }
  const unique = (paths: readonly string[]): readonly string[] => [...new Set(paths)];
  return {
    writable: unique(writable),
    readable: unique([...readable, ...code]),
    code: unique(code),
    links: unique(own.flatMap(({ trail }) => trail.links)),
    trails: own.map(({ trail }) => trail),
  };
}

/** The paths in an entry's `cwd`, arguments and variables, as they are written there. */
export function namedPaths({ cwd, args, env, namedVariables = env }: StdioServerEntry): readonly string[] {
  const texts = [...args, ...Object.values(namedVariables)].map((text) => text.replace(/^-[^=/]*=/, ''));
  const named = texts
    .filter((text) => text !== '' && !text.includes('\0'))
    .map((text) =>
      isAbsolute(text) ? text : text.includes('/') || scripts.test(text) ? resolve(cwd ?? process.cwd(), text) : '',
    )
    .filter((path) => path !== '');
  return [...(cwd === undefined ? [] : [cwd]), ...named];
}

/** Returns the scripts that an entry names, as they are written there, and the places of their libraries. */
export async function codeNamed(entry: StdioServerEntry, homes: readonly string[]): Promise<readonly string[]> {
  const code: string[] = [];
  for (const path of namedPaths(entry)) {
    const trail = await follow(path);
    if (trail === undefined || !scripts.test(trail.path) || !(await lstat(trail.path)).isFile()) continue;
    code.push(path, ...(await librariesOf(trail.path, homes)));
  }
  return code;
}

/** Whether a folder becomes writable for a server because its entry names it. */
export function mayWrite(folder: string, homes: readonly string[]): boolean {
  if (folder === '/' || isWithinAny(folder, systemFolders)) return false;
  return !homes.some((home) => home !== '/' && (isWithin(home, folder) || isGuarded(folder, home)));
}

/** Whether a folder in a home is never given to a server: only single files in it can be named, to be read. */
function isGuarded(folder: string, home: string): boolean {
  if (home === '/' || !isWithin(folder, home) || folder === home) return false;
  const [first = '', ...rest] = folder.slice(home.length + 1).split('/');
  return (
    credentialFolders.includes(first) ||
    (sharedFolders.includes(first) && rest.length === 0) ||
    runByOthers.some((path) => isWithin(folder, join(home, path)))
  );
}

const sharedFolders = ['.config', '.local', '.cache', '.git', 'snap', 'bin'];
const credentialFolders = ['.ssh', '.gnupg', '.aws', '.azure', '.kube', '.docker', '.password-store', '.mozilla']
  .concat([
    '.thunderbird',
    '.pki',
    '.vscode',
    '.vscode-server',
    '.cursor',
    '.claude',
    '.npm',
    '.pnpm',
    '.yarn',
    '.bun',
    '.deno',
  ])
  .concat(['.cargo', '.rustup', '.pyenv', '.nvm', '.oh-my-zsh', '.zsh', '.vim', '.emacs.d', '.gem', '.m2', '.gradle']);

/** Returns where a script's libraries are: its package, packages installed beside it, and its workspace. */
export async function librariesOf(script: string, homes: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  let hasPackage = false;
  for (let folder = dirname(script); folder !== '/' && !homes.includes(folder); folder = dirname(folder)) {
    const has = (name: string): Promise<boolean> =>
      stat(join(folder, name)).then(
        () => true,
        () => false,
      );
    if (await has('node_modules')) found.push(join(folder, 'node_modules'));
    if (await has('pnpm-workspace.yaml')) found.push(folder);
    if (hasPackage) continue;
    hasPackage = (await Promise.all(manifests.map(has))).includes(true);
    if (hasPackage) found.push(folder);
  }
  const isAtHome = homes.includes(dirname(script));
  if (!hasPackage && !isAtHome && !homes.some((home) => isGuarded(dirname(script), home))) found.push(dirname(script));
  return found;
}

/** Returns where a program outside the system folders is, with its libraries. */
export async function programPlaces(program: string, homes: readonly string[]): Promise<readonly string[]> {
  const places = [program, await realpath(program)].flatMap((file) => {
    const folder = dirname(file);
    const around = dirname(folder);
    const isInstalled = basename(folder) === 'bin' && !homes.some((home) => isWithin(home, around));
    return isInstalled ? [folder, join(around, 'lib'), join(around, 'pyvenv.cfg')] : [file];
  });
  const others = [...new Set(places)].filter((path) => !isWithinAny(path, systemPrograms));
  const there = await Promise.all(
    others.map((path) =>
      stat(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return others.filter((_, index) => there[index]);
}

const systemPrograms = ['/usr', '/bin', '/sbin', '/lib', '/lib64'];
