import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyLibraries } from './empty-libraries.ts';
import { homeInside } from './homes.ts';
import {
  boundIn,
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
import { joined, show, waysTo } from './show.ts';
import { socketsIn } from './sockets.ts';
import { systemSecrets } from './system-secrets.ts';
import { isWithin, isWithinAny } from './trail.ts';

/** What a server sees and writes. */
export interface View {
  readonly places: Places;
  /** The server's persistent home. Absent: a home that is removed with the server. */
  readonly home: string | undefined;
  /** The home folders of people, which the server does not see. */
  readonly homes: readonly string[];
  /** The host's secrets. */
  readonly hidden: readonly string[];
  /** The files that are run for any server; no server may change them. */
  readonly code: readonly string[];
  /** Places that the host or another server uses by these names; the server must not lead them elsewhere. */
  readonly fixed: readonly string[];
  /** Folders in the home that contain its program and others. */
  readonly programs: readonly string[];
}

/** Temporary files and sockets of other programs; a server has its own instead. */
const shared = ['/tmp', '/var/tmp', '/run'];
/** The sockets of services that run containers and machines. */
const services = ['docker', 'containerd', 'containers', 'lxd', 'incus', 'libvirt', 'kubelet', 'rancher']
  .map((name) => `/var/lib/${name}`)
  .concat('/var/snap', '/var/spool');

/**
 * The view of a server whose entry does not mention a sandbox: the system and everything else that the user may read,
 * except home folders of people, temporary files of other programs, and sockets. The server can write its own home,
 * temporary files that are removed with it, and the folders that its entry names.
 */
export async function openView({ places, home, homes, hidden, code, fixed, programs }: View): Promise<Walls> {
  const covered = [...shared, ...homes];
  const named = await waysTo(places.readable);
  const read = joined(await waysTo(programs), named);
  const write = { places: places.writable, links: places.links, trails: places.trails };
  const shown = [...read.places, ...write.places];
  const ground: Ground = {
    writable: places.writable,
    kept: await keptIn(places.writable, [...code, ...(await emptyLibraries(fixed, places.writable))]),
    sees: (path) => !isWithinAny(path, covered) || isWithinAny(path, shown),
  };
  const sockets = await socketsIn(ground);
  const hiding = await hide([...hidden, ...sockets.leftOut], ground, fixed);
  const system = await systemSecrets(ground.sees, shown);
  const guarding = [...keep(ground), ...sockets.covered, ...hiding];
  const mounts: Mount[] = [
    ...(await systemMounts()),
    ...['/tmp', '/var/tmp'].map(scratch),
    empty('/run'),
    ...homes.map(empty),
    ...(await emptied(services)),
    ...system,
    ...(await resolverFile()),
    ...(await show({ read, write, emptied: covered, isBare: (path) => isWithinAny(path, covered) })),
    ...guarding,
    home === undefined
      ? { path: homeInside, options: ['--tmpfs', homeInside] }
      : { path: homeInside, options: ['--bind', home, homeInside] },
  ];
  return {
    options: ['--proc', '/proc', '--dev', '/dev', ...inOrder(mounts)],
    held: [...heldPlaces(guarding, ground), ...system.map(({ path }) => path)],
    bound: boundIn(mounts),
    trails: [...places.trails, ...named.trails],
    sees: ground.sees,
  };
}

/** Rebuilds the root folder, so that every mount finds a place in it. */
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

/** Shows the resolver file, which is often a link into /run. */
async function resolverFile(): Promise<readonly Mount[]> {
  const target = await readlink('/etc/resolv.conf').catch(() => undefined);
  if (target === undefined) return [];
  const path = join('/etc', target.startsWith('/') ? join('..', target) : target);
  return isWithin(path, '/run') ? [{ path, options: ['--ro-bind-try', path, path] }] : [];
}
