import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { homeInside } from './homes.ts';
import {
  empty,
  type Ground,
  heldPlaces,
  hide,
  inOrder,
  keep,
  keptIn,
  type Mount,
  scratch,
  type Walls,
} from './mounts.ts';
import type { Places } from './places.ts';
import { show, waysTo } from './show.ts';
import { socketsIn } from './sockets.ts';
import { isWithin, isWithinAny } from './trail.ts';

/** What there is to be seen and written. */
export interface View {
  readonly places: Places;
  /** The home that is kept for the server. Absent: one that is gone with it. */
  readonly home: string | undefined;
  /** The home folders of people, which it does not see. */
  readonly homes: readonly string[];
  /** What the host keeps secret. */
  readonly hidden: readonly string[];
  /** What is run of any server: nobody but its author changes it. */
  readonly code: readonly string[];
  /** Folders in the home where its program and others are found. */
  readonly programs: readonly string[];
}

/** Temporary files and sockets of other programs; a server has its own. */
const shared = ['/tmp', '/var/tmp', '/run'];
/** Where services that run containers and machines keep their sockets. */
const services = ['docker', 'containerd', 'containers', 'lxd', 'incus', 'libvirt', 'kubelet', 'rancher']
  .map((name) => `/var/lib/${name}`)
  .concat('/var/snap', '/var/spool');

/**
 * What a server sees whose entry says nothing of a sandbox: the system and what else the user may read, but no home
 * folder of people, no temporary files of others, and no sockets. It writes its own home, temporary files that are gone with
 * it, and the folders that its entry names.
 */
export async function openView({ places, home, homes, hidden, code, programs }: View): Promise<Walls> {
  const covered = [...shared, ...homes];
  const read = await waysTo([...programs, ...places.readable]);
  const write = { places: places.writable, links: places.links };
  const shown = [...read.places, ...write.places];
  const ground: Ground = {
    writable: places.writable,
    kept: await keptIn(places.writable, code),
    sees: (path) => !isWithinAny(path, covered) || isWithinAny(path, shown),
  };
  const sockets = await socketsIn(ground);
  const guarding = [...keep(ground), ...sockets.covered, ...(await hide([...hidden, ...sockets.leftOut], ground))];
  const mounts: Mount[] = [
    ...(await systemMounts()),
    ...['/tmp', '/var/tmp'].map(scratch),
    empty('/run'),
    ...homes.map(empty),
    ...(await emptied(services)),
    ...(await resolverFile()),
    ...(await show({ read, write, emptied: covered, isBare: (path) => isWithinAny(path, covered) })),
    ...guarding,
    home === undefined
      ? { path: homeInside, options: ['--tmpfs', homeInside] }
      : { path: homeInside, options: ['--bind', home, homeInside] },
  ];
  return {
    options: ['--proc', '/proc', '--dev', '/dev', ...inOrder(mounts)],
    held: heldPlaces(guarding, ground),
  };
}

/** The root folder is made anew, so that whatever is mounted finds a place in it. */
async function systemMounts(): Promise<readonly Mount[]> {
  const mounts: Mount[] = [];
  for (const entry of await readdir('/', { withFileTypes: true })) {
    const path = join('/', entry.name);
    if (['/proc', '/dev', '/tmp', '/run'].includes(path)) continue;
    if (entry.isSymbolicLink()) mounts.push({ path, options: ['--symlink', await readlink(path), path] });
    else if (entry.isDirectory()) mounts.push({ path, options: ['--ro-bind-try', path, path] });
  }
  return mounts;
}

async function emptied(folders: readonly string[]): Promise<readonly Mount[]> {
  const there = await Promise.all(
    folders.map(async (path) => (await lstat(path).catch(() => undefined))?.isDirectory()),
  );
  return folders.filter((_, index) => there[index]).map(empty);
}

/** The file of name servers is often a link into /run. */
async function resolverFile(): Promise<readonly Mount[]> {
  const target = await readlink('/etc/resolv.conf').catch(() => undefined);
  if (target === undefined) return [];
  const path = join('/etc', target.startsWith('/') ? join('..', target) : target);
  return isWithin(path, '/run') ? [{ path, options: ['--ro-bind-try', path, path] }] : [];
}
