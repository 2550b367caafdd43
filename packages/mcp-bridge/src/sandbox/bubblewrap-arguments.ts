import { lstat, mkdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { StdioServerEntry } from '../config/mcp-config.ts';
import { isWithin, ownFolders, runnerCaches } from './own-folders.ts';
import type { SandboxProfile } from './sandbox-profile.ts';
import { isolation } from './sandbox-tools.ts';

/** What is about to be started. */
export interface SandboxedStart {
  readonly entry: StdioServerEntry;
  /** The file that is run, as it was found. */
  readonly program: string;
  /** The variables that the entry and its envCommand give. */
  readonly variables: Readonly<Record<string, string>>;
  readonly home: string | undefined;
  /** What no server may read, whatever else it may: what the host itself keeps secret. */
  readonly hidden: readonly string[];
}

const devices = ['--proc', '/proc', '--dev', '/dev'];

/**
 * The sandbox of an entry that says nothing: today's files go on working. It reads what its user may read, and has the
 * network; it changes only what its entry names, the caches of its package runner, and temporary files.
 */
export async function openSandbox({ entry, variables, home, hidden }: SandboxedStart): Promise<readonly string[]> {
  const caches = runnerCaches(entry.command, home);
  // A mount needs a place, and the runner would make it if it could.
  for (const cache of caches) await mkdir(cache, { recursive: true, mode: 0o700 }).catch(() => {});
  const own = await ownFolders(entry, variables, home);
  const writable = ['/tmp', '/var/tmp', ...caches, ...own];
  return [
    ...isolation,
    '--share-net',
    ...['--ro-bind', '/', '/'],
    ...devices,
    ...mount([...(await placed(writable)).map((path) => bind('--bind', path)), ...(await hide(hidden))]),
    ...['--chdir', entry.cwd ?? process.cwd()],
  ];
}

/** What a program of the system needs of /etc, which holds no secret. */
const settings = [
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'alternatives',
  'localtime',
  'nsswitch.conf',
  'passwd',
  'group',
];
const networkSettings = ['resolv.conf', 'hosts', 'ssl', 'pki', 'ca-certificates', 'gai.conf'];
const systemFolders = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];

/**
 * The sandbox of an entry that says what it needs. Nothing else is there: an empty home folder, which is gone with the
 * server, no network unless it is asked for, and of the system only its programs.
 */
export async function closedSandbox(
  { entry, program, home, hidden }: SandboxedStart,
  { read, write, denyRead, denyWrite, network }: SandboxProfile,
): Promise<readonly string[]> {
  const etc = [...settings, ...(network ? networkSettings : [])].map((name) => join('/etc', name));
  const writable = outermost([...write, ...(entry.cwd === undefined ? [] : [entry.cwd])]);
  // A folder inside of one that may be changed could be a link by now, and is there anyway.
  const readable = [...read, ...(await programFolders(program, home))].filter(
    (path) => !writable.some((folder) => isWithin(path, folder)),
  );
  const mounts = [
    ...readable.map((path) => bind('--ro-bind', path)),
    ...writable.map((path) => bind('--bind', path)),
    ...(await placed(denyWrite)).map((path) => bind('--ro-bind', path)),
    ...(await hide([...denyRead, ...hidden], [...read, ...writable])),
  ];
  return [
    ...isolation,
    ...(network ? ['--share-net'] : []),
    ...systemFolders.flatMap((path) => ['--ro-bind-try', path, path]),
    ...etc.flatMap((path) => ['--ro-bind-try', path, path]),
    ...devices,
    ...['--tmpfs', '/tmp'],
    ...(home === undefined || home === '/' ? [] : ['--tmpfs', home]),
    ...mount(mounts),
    ...['--chdir', entry.cwd ?? home ?? '/tmp'],
  ];
}

/** Where a program that is not the system's lies, with the libraries beside it. */
async function programFolders(program: string, home: string | undefined): Promise<readonly string[]> {
  const real = await realpath(program);
  const folders = [program, real].flatMap((file) => {
    const folder = dirname(file);
    const around = dirname(folder);
    if (basename(folder) !== 'bin' || (home !== undefined && isWithin(home, around))) return [file];
    return [folder, join(around, 'lib'), join(around, 'pyvenv.cfg')];
  });
  const there = await placed([...new Set(folders)]);
  return there.filter((path) => !systemFolders.some((system) => isWithin(path, system)));
}

interface Mount {
  readonly path: string;
  readonly options: readonly string[];
  /** What is to be done when all is mounted. */
  readonly finish?: readonly string[];
}

const bind = (how: '--bind' | '--ro-bind', path: string): Mount => ({ path, options: [how, path, path] });

/** Empties folders and files, where they can be seen at all. */
async function hide(paths: readonly string[], visible: readonly string[] = ['/']): Promise<readonly Mount[]> {
  const mounts: Mount[] = [];
  for (const named of paths) {
    const path = await realpath(named).catch(() => undefined);
    if (path === undefined || !visible.some((folder) => isWithin(path, folder))) continue;
    const isFolder = (await lstat(path)).isDirectory();
    mounts.push(
      isFolder
        ? { path, options: ['--tmpfs', path], finish: ['--remount-ro', path] }
        : { path, options: ['--ro-bind', '/dev/null', path] },
    );
  }
  return mounts;
}

/** What lies deeper is mounted later, on top; of two on one path the later counts. */
function mount(mounts: readonly Mount[]): readonly string[] {
  const depth = ({ path }: Mount): number => path.split('/').length;
  const inOrder = mounts.toSorted((a, b) => depth(a) - depth(b));
  return [...inOrder.flatMap(({ options }) => options), ...inOrder.flatMap(({ finish = [] }) => finish)];
}

/** Those that are there, and are no links. */
async function placed(paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    paths.map(async (path) => {
      const status = await lstat(path).catch(() => undefined);
      return status === undefined || status.isSymbolicLink() ? undefined : path;
    }),
  );
  return [...new Set(found.filter((path) => path !== undefined))];
}

function outermost(paths: readonly string[]): readonly string[] {
  const unique = [...new Set(paths)];
  return unique.filter((path) => !unique.some((other) => other !== path && isWithin(path, other)));
}
