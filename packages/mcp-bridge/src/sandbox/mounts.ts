import { lstat, readdir, readlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SandboxError } from './sandbox-error.ts';
import { follow, isWithin, isWithinAny } from './trail.ts';

/** A part of what a server sees. */
export interface Mount {
  readonly path: string;
  readonly options: readonly string[];
  /** What is to be done when all is mounted. */
  readonly finish?: readonly string[];
}

/** A folder with more in it than this is not taken apart. */
export const mostChildren = 2048;

export const bind = (how: '--bind' | '--ro-bind', path: string): Mount => ({ path, options: [how, path, path] });

/** An empty folder in the place of one that is there, which stays empty. */
export const empty = (path: string): Mount => ({ path, options: ['--tmpfs', path], finish: ['--remount-ro', path] });

/** An empty folder for the server to write into, which is gone with it. */
export const scratch = (path: string): Mount => ({ path, options: ['--perms', '1777', '--tmpfs', path] });

/** What lies deeper is mounted later, on top; of two on one path the later counts. */
export function inOrder(mounts: readonly Mount[]): readonly string[] {
  const depth = ({ path }: Mount): number => path.split('/').length;
  const last = new Map(mounts.map((mount) => [mount.path, mount]));
  const sorted = [...last.values()].toSorted((a, b) => depth(a) - depth(b));
  return [...sorted.flatMap(({ options }) => options), ...sorted.flatMap(({ finish = [] }) => finish)];
}

/** What a server is kept from, and where it could get at it. */
export interface Ground {
  /** The folders that it writes. */
  readonly writable: readonly string[];
  /** What stays as it is, in these folders. */
  readonly kept: readonly string[];
  /** Whether it sees a place. */
  sees(path: string): boolean;
}

/** Whether a server could change a place: what lies deepest around it counts. */
function writes(path: string, { writable, kept }: Ground): boolean {
  const around = [...writable, ...kept].filter((folder) => isWithin(path, folder));
  const deepest = around.toSorted((a, b) => b.length - a.length)[0];
  return deepest !== undefined && !kept.includes(deepest);
}

/**
 * The folders between one that a server writes and a place in it that it must not move, each mounted on itself: what is
 * a mount point cannot be renamed or removed by those who see the mount.
 */
function hold(path: string, ground: Ground): readonly Mount[] {
  const mounts: Mount[] = [];
  for (let folder = dirname(path); folder !== '/'; folder = dirname(folder)) {
    if (writes(folder, ground) && !ground.writable.includes(folder)) mounts.push(bind('--bind', folder));
  }
  return mounts;
}

/** What a server sees, as arguments for bubblewrap. */
export interface Walls {
  readonly options: readonly string[];
  /** Where mounts lie in folders that the server writes, and the folders in between: none of it may be replaced. */
  readonly held: readonly string[];
}

/** The places of mounts that a server would get behind if something else came to lie there. */
export function heldPlaces(mounts: readonly Mount[], { writable }: Ground): readonly string[] {
  const inside = mounts
    .map(({ path }) => path)
    .filter((path) => isWithinAny(path, writable) && !writable.includes(path));
  return inside.filter((path) => !isAnew(path, mounts));
}

/** Whether the folder around a place was made anew: what the host does there is not seen. */
function isAnew(path: string, mounts: readonly Mount[]): boolean {
  const around = mounts.filter((mount) => mount.path !== path && isWithin(path, mount.path));
  return around.toSorted((a, b) => b.path.length - a.path.length)[0]?.options[0] === '--tmpfs';
}

/** Places that stay as they are: each read-only, and what leads to it held. */
export const keep = (ground: Ground): readonly Mount[] =>
  ground.kept.flatMap((path) => [...hold(path, ground), bind('--ro-bind', path)]);

/** Those of the places that lie in folders that a server writes, without a link on the way. */
export async function keptIn(writable: readonly string[], places: readonly string[]): Promise<readonly string[]> {
  const trails = await Promise.all(places.map(follow));
  const found = trails.flatMap((trail) => (trail === undefined ? [] : [trail.path]));
  return found.filter((path) => isWithinAny(path, writable) && !writable.includes(path));
}

/**
 * Hides folders and files. A folder is emptied. A file is hidden by taking its folder apart: the folder is made anew of
 * everything else that is in it. So the file is not there, rather than covered: one that is put in its place on the host,
 * as editors and git do, is not there either. In a folder that is made anew no file can be added. The links on the way stay
 * as they are, too, where the server writes.
 */
export async function hide(paths: readonly string[], ground: Ground): Promise<readonly Mount[]> {
  const trails = (await Promise.all(paths.map(follow))).filter((trail) => trail !== undefined);
  const secrets = [...new Set(trails.map(({ path }) => path))].filter((path) => path !== '/');
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
  // What is made anew is nothing that the server could replace, links included.
  for (const folder of trails.flatMap(({ links }) => links.map(dirname))) {
    if (writes(folder, ground) && !isWithinAny(folder, folders)) apart.add(folder);
  }
  const isHidden = (path: string): boolean => isWithinAny(path, secrets);
  for (const folder of apart) mounts.push(...(await takeApart(folder, isHidden, ground)));
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
  const mounts: Mount[] = [...hold(folder, ground), empty(folder)];
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
