import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, isAbsolute, join, parse, resolve, sep } from 'node:path';
import { shellWord } from './shell-word.ts';

/** The user that a process runs as. */
export interface ProcessUser {
  readonly uid: number;
  readonly groups: readonly number[];
}

/**
 * A folder of our own; a file that is read; a file that contains only a secret and must be private even in a private
 * folder.
 */
export type PathKind = 'folder' | 'file' | 'secret';

/** How other users can access a path, and the command that prevents it. */
export interface Exposure {
  readonly access: 'read' | 'write';
  readonly message: string;
}

const ROOT = 0;
const WRITE = 0o022;
const STICKY = 0o1000;
const MAXIMUM_LINKS = 40;

/** The user that this process runs as; undefined on Windows, where files have no such owners and modes. */
export function processUser(): ProcessUser | undefined {
  if (process.geteuid === undefined || process.getegid === undefined) return undefined;
  return { uid: process.geteuid(), groups: [process.getegid(), ...(process.getgroups?.() ?? [])] };
}

/**
 * Returns how users other than this one and root could change or read a path: through its owner, its mode, a folder
 * above it, or a link on the way to it. For a path that does not exist yet, the folders above it are checked.
 * Undefined: they cannot.
 *
 * @throws the error of the system when the path cannot be looked at
 * @example
 * ```ts
 * import { findExposure } from '@latchkey/auth-core/private-files';
 *
 * const exposure = findExposure('/var/lib/invoices/auth.db.key', 'secret');
 * if (exposure !== undefined) console.error(exposure.message); // says what to do
 * ```
 */
export function findExposure(path: string, kind: PathKind, user = processUser()): Exposure | undefined {
  if (user === undefined) return undefined;
  const walked = walk(resolve(path), user);
  if ('message' in walked) return walked;
  const { place, stats, isReachable } = walked;
  // A file in place of a folder is a different error.
  if (stats === undefined || (kind === 'folder' && !stats.isDirectory())) return undefined;
  return exposureOf({ place, stats, isReachable, kind, user });
}

interface Target {
  /** The path with every link resolved. */
  readonly place: string;
  /** Undefined when nothing exists there yet. */
  readonly stats: Stats | undefined;
  /** Whether other users can enter all folders on the way. */
  readonly isReachable: boolean;
}

/** Walks down from the root, folder by folder and link by link. */
function walk(path: string, user: ProcessUser): Target | Exposure {
  let place = parse(path).root;
  let stats = lstatSync(place);
  const rest = path.slice(place.length).split(sep).filter(Boolean);
  let isReachable = true;
  let links = 0;
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    if (name === '..' || name === '.') {
      place = name === '..' ? dirname(place) : place;
      stats = lstatSync(place);
      continue;
    }
    const exposure = exposureThroughFolder(place, stats, path, user);
    if (exposure !== undefined) return exposure;
    isReachable &&= (stats.mode & 0o011) !== 0;
    const next = join(place, name);
    const found = lstatSync(next, { throwIfNoEntry: false });
    if (found === undefined) return { place: join(next, ...rest), stats: undefined, isReachable };
    if (!found.isSymbolicLink()) {
      [place, stats] = [next, found];
      continue;
    }
    if (!isTrusted(found, user)) return foreign(next, found, path, user);
    links += 1;
    if (links > MAXIMUM_LINKS) return { place: next, stats: undefined, isReachable };
    const target = readlinkSync(next);
    rest.unshift(...target.split(sep).filter(Boolean));
    if (isAbsolute(target)) {
      place = parse(target).root;
      stats = lstatSync(place);
    }
  }
  return { place, stats, isReachable };
}

/** Checks a folder: a user that can write it can replace its entries, unless the folder is sticky. */
function exposureThroughFolder(place: string, stats: Stats, path: string, user: ProcessUser): Exposure | undefined {
  if (!isTrusted(stats, user)) return foreign(place, stats, path, user);
  if ((stats.mode & WRITE) === 0 || (stats.mode & STICKY) !== 0) return undefined;
  return {
    access: 'write',
    message:
      `${place} can be written by others (mode ${modeOf(stats)}), so that they could replace ${path}. Choose another ` +
      `place, or close it: chmod go-w ${shellWord(place)}`,
  };
}

function exposureOf(target: Target & { stats: Stats; kind: PathKind; user: ProcessUser }): Exposure | undefined {
  const { place, stats, isReachable, kind, user } = target;
  // A file of root is configuration that a package, an image or a cluster has put there.
  if (stats.uid !== user.uid && !(kind !== 'folder' && stats.uid === ROOT)) return foreign(place, stats, place, user);
  const close = `chmod ${kind === 'folder' ? '700' : '600'} ${shellWord(place)}`;
  const isOpen = isReachable || kind !== 'file';
  if ((stats.mode & 0o002) !== 0 || (isOpen && (stats.mode & WRITE) !== 0)) {
    const message = `${place} can be written by others (mode ${modeOf(stats)}). Look at what it holds, then close it: ${close}`;
    return { access: 'write', message };
  }
  const isOwnGroup = user.groups.includes(stats.gid) && (user.uid !== ROOT || stats.gid !== ROOT);
  // A cluster mounts its secrets like this (0440 with fsGroup), and a package its configuration (0640 root:latchkey).
  const isMounted = kind !== 'folder' && stats.uid === ROOT && isOwnGroup;
  if (!isOpen || (stats.mode & (isMounted ? 0o004 : 0o044)) === 0) return undefined;
  return { access: 'read', message: `${place} can be read by others (mode ${modeOf(stats)}). Close it: ${close}` };
}

const isTrusted = ({ uid }: Stats, user: ProcessUser): boolean => uid === user.uid || uid === ROOT;

function foreign(place: string, { uid }: Stats, path: string, user: ProcessUser): Exposure {
  const what = place === path ? place : `${place}, on the way to ${path},`;
  return {
    access: 'write',
    message:
      `${what} belongs to another user (uid ${uid}). Start as that user, choose another place, or look at what it holds ` +
      `and take it over, as root: chown -h ${user.uid} ${shellWord(place)}`,
  };
}

const modeOf = ({ mode }: Stats): string => (mode & 0o7777).toString(8).padStart(4, '0');
