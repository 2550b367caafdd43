import { lstat, readdir, readlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SandboxError } from './sandbox-error.ts';
import { type Approach, approach, follow, isWithin, isWithinAny, type Trail } from './trail.ts';

/** A mount in a server's view of the file system. */
export interface Mount {
  readonly path: string;
  readonly options: readonly string[];
  /** Options to apply after everything is mounted. */
  readonly finish?: readonly string[];
}

/** A folder with more entries than this is not rebuilt. */
export const mostChildren = 2048;

export const bind = (how: '--bind' | '--ro-bind', path: string): Mount => ({ path, options: [how, path, path] });

/** Mounts an empty, read-only folder over an existing one. */
export const empty = (path: string): Mount => ({ path, options: ['--tmpfs', path], finish: ['--remount-ro', path] });

/** Mounts an empty folder that the server can write; it is removed with the server. */
export const scratch = (path: string): Mount => ({ path, options: ['--perms', '1777', '--tmpfs', path] });

/** Orders mounts: deeper paths later, on top of their parents; of two mounts on one path, the later one counts. */
export function inOrder(mounts: readonly Mount[]): readonly string[] {
  const depth = ({ path }: Mount): number => path.split('/').length;
  const last = new Map(mounts.map((mount) => [mount.path, mount]));
  const sorted = [...last.values()].toSorted((a, b) => depth(a) - depth(b));
  return [...sorted.flatMap(({ options }) => options), ...sorted.flatMap(({ finish = [] }) => finish)];
}

/** Returns the paths at which something of the host is mounted: of two mounts on one path, the later one counts. */
export function boundIn(mounts: readonly Mount[]): readonly string[] {
  const last = new Map(mounts.map((mount) => [mount.path, mount]));
  return [...last.values()].flatMap(({ path, options: [how = '', source] }) =>
    /^--(?:ro-)?bind/.test(how) && source === path ? path : [],
  );
}

/** What a server must not change, and where it might. */
export interface Ground {
  /** The folders that it writes. */
  readonly writable: readonly string[];
  /** Places within these folders that must stay as they are. */
  readonly kept: readonly string[];
  /** Whether the server sees a place. */
  sees(path: string): boolean;
}

/** Whether a server could change a place: the deepest listed folder around it decides. */
function writes(path: string, { writable, kept }: Ground): boolean {
  const around = [...writable, ...kept].filter((folder) => isWithin(path, folder));
  const deepest = around.toSorted((a, b) => b.length - a.length)[0];
  return deepest !== undefined && !kept.includes(deepest);
}

/**
 * Mounts the folders between one that a server writes and a place in it that it must not move, each on itself. A mount
 * point cannot be renamed or removed by a process that sees the mount.
 */
function hold(path: string, ground: Ground): readonly Mount[] {
  const mounts: Mount[] = [];
  for (let folder = dirname(path); folder !== '/'; folder = dirname(folder)) {
    if (writes(folder, ground) && !ground.writable.includes(folder)) mounts.push(bind('--bind', folder));
  }
  return mounts;
}

/** A server's view, as arguments for bubblewrap. */
export interface Walls {
  readonly options: readonly string[];
  /** The places of mounts in folders that the server writes, and the folders in between: none may be replaced. */
  readonly held: readonly string[];
  /** The paths of files and folders of the host that are mounted at the same path. */
  readonly bound: readonly string[];
  /** The ways to what it was given. */
  readonly trails: readonly Trail[];
  /** Whether the server sees a place, unless that is hidden. */
  sees(path: string): boolean;
}

/** Returns the places of mounts that the server could get behind if something else were put there. */
export function heldPlaces(mounts: readonly Mount[], { writable }: Ground): readonly string[] {
  const inside = mounts
    .map(({ path }) => path)
    .filter((path) => isWithinAny(path, writable) && !writable.includes(path));
  return inside.filter((path) => !isAnew(path, mounts));
}

/** Whether the folder around a place is rebuilt for the sandbox: changes that the host makes there are not visible. */
function isAnew(path: string, mounts: readonly Mount[]): boolean {
  const around = mounts.filter((mount) => mount.path !== path && isWithin(path, mount.path));
  return around.toSorted((a, b) => b.path.length - a.path.length)[0]?.options[0] === '--tmpfs';
}

/** Mounts places that must not change as read-only, and holds the folders that lead to them. */
export const keep = (ground: Ground): readonly Mount[] =>
  ground.kept.flatMap((path) => [...hold(path, ground), bind('--ro-bind', path)]);

/** Returns the places within folders that a server writes, with links resolved. */
export async function keptIn(writable: readonly string[], places: readonly string[]): Promise<readonly string[]> {
  const trails = await Promise.all(places.map(follow));
  const found = trails.flatMap((trail) => (trail === undefined ? [] : [trail.path]));
  return found.filter((path) => isWithinAny(path, writable) && !writable.includes(path));
}

/**
 * Hides folders and files. A folder is covered by an empty one. For a file, its folder is rebuilt from all its other
 * entries. So the file is absent rather than covered, and a file that is put in its place on the host, as editors and
 * git do, is absent as well. No file can be added to a rebuilt folder. Where the server can write, the links on the way
 * are protected too, and a place where nothing is yet stays empty.
 *
 * @param fixed places that are not hidden, of which the same holds: the server must not lead them elsewhere
 */
export async function hide(
  paths: readonly string[],
  ground: Ground,
  fixed: readonly string[] = [],
): Promise<readonly Mount[]> {
  const toHide = await Promise.all(paths.map(approach));
  const ways = [...toHide, ...(await Promise.all(fixed.map(approach)))];
  const found = toHide.filter(({ isThere }) => isThere).map(({ path }) => path);
  const secrets = [...new Set(found)].filter((path) => path !== '/');
  const folders: string[] = [];
  for (const path of secrets) if ((await lstat(path)).isDirectory()) folders.push(path);
  const isInside = (path: string): boolean => folders.some((folder) => folder !== path && isWithin(path, folder));
  const mounts: Mount[] = [];
  const apart = new Set<string>();
  for (const path of secrets) {
    if (isInside(path) || !ground.sees(path)) continue;
    if (folders.includes(path)) mounts.push(...hold(path, ground), empty(path));
    else apart.add(dirname(path));
  }
  // The server cannot replace or add anything in a rebuilt folder, and does not see what is added there outside.
  const absent = (approaches: readonly Approach[]) =>
    approaches.filter(({ isThere }) => !isThere).map(({ path }) => path);
  const changeable = [...ways.flatMap(({ links }) => links.map(dirname)), ...absent(ways)].filter((folder) =>
    writes(folder, ground),
  );
  for (const folder of [...changeable, ...absent(toHide).filter(ground.sees)]) {
    if (!isWithinAny(folder, folders)) apart.add(folder);
  }
  const isHidden = (path: string): boolean => isWithinAny(path, secrets);
  // Of folders in each other the deeper one comes last, on top of what the other shows of it.
  const rebuilt = [...apart].toSorted((a, b) => a.length - b.length);
  for (const folder of rebuilt) mounts.push(...hold(folder, ground));
  for (const folder of rebuilt) mounts.push(...(await takeApart(folder, isHidden, ground)));
  return mounts;
}

async function takeApart(
  folder: string,
  isHidden: (path: string) => boolean,
  ground: Ground,
): Promise<readonly Mount[]> {
  if (folder === '/') return [];
  const names = await readdir(folder, { withFileTypes: true }).catch(() => []);
  if (names.length > mostChildren) {
    throw new SandboxError(
      `${folder} holds a file that is kept from servers, and too much else to leave out only that: move the file into a folder of its own`,
    );
  }
  const mounts: Mount[] = [empty(folder)];
  for (const entry of names) {
    const path = join(folder, entry.name);
    if (isHidden(path) || !ground.sees(path)) continue;
    if (entry.isSymbolicLink()) {
      const target = await readlink(path).catch(() => undefined);
      if (target !== undefined) mounts.push({ path, options: ['--symlink', target, path] });
    } else if (entry.isDirectory() || entry.isFile()) {
      const how = writes(path, ground) ? '--bind-try' : '--ro-bind-try';
      mounts.push({ path, options: [how, path, path] });
    }
  }
  return mounts;
}
