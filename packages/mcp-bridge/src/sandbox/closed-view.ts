import { join } from 'node:path';
import type { StdioServerEntry } from '../config/mcp-config.ts';
import { emptyLibraries } from './empty-libraries.ts';
import {
  boundIn,
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
import type { SandboxProfile } from './sandbox-profile.ts';
import { joined, outermost, show, waysTo } from './show.ts';
import { socketsIn } from './sockets.ts';
import { systemSecrets } from './system-secrets.ts';
import { isWithinAny } from './trail.ts';

/** The files in /etc that system programs need; none of them is secret. */
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

export interface ClosedView {
  readonly entry: StdioServerEntry;
  readonly profile: SandboxProfile;
  /** Its program, with its libraries. */
  readonly programs: readonly string[];
  readonly home: string | undefined;
  readonly hidden: readonly string[];
  /** The files that are run for any server. */
  readonly code: readonly string[];
  /** Places that the host or another server uses by these names; the server must not lead them elsewhere. */
  readonly fixed: readonly string[];
}

/**
 * The view of a server whose entry lists what it needs: only that, and the programs of the system. Its home folder is
 * empty and is removed with it.
 */
export async function closedView(view: ClosedView): Promise<Walls> {
  const { entry, profile, programs, home, hidden, code, fixed } = view;
  const { read, write, denyRead, denyWrite, network } = profile;
  const etc = [...settings, ...(network ? networkSettings : [])].map((name) => join('/etc', name));
  // A folder inside a writable one could have become a link, and is visible anyway.
  const writing = await waysTo(outermost([...write, ...(entry.cwd === undefined ? [] : [entry.cwd])]));
  const writable = outermost(writing.places);
  const named = await waysTo(read.filter((path) => !isWithinAny(path, writable)));
  const reading = joined(named, await waysTo(programs.filter((path) => !isWithinAny(path, writable))));
  const kept = await keptIn(writable, [...code, ...denyWrite, ...(await emptyLibraries(fixed, writable))]);
  const seen = [...systemFolders, ...etc, ...reading.places, ...writable];
  const ground: Ground = { writable, kept, sees: (path) => isWithinAny(path, seen) };
  const emptied = ['/tmp', ...(home === undefined || home === '/' ? [] : [home])];
  const isBare = (path: string): boolean => isWithinAny(path, emptied) || !isWithinAny(path, systemFolders);
  const sockets = await socketsIn(ground);
  const hiding = await hide([...denyRead, ...hidden, ...sockets.leftOut], ground, [...fixed, ...denyWrite]);
  const system = await systemSecrets(ground.sees, [...named.places, ...writable]);
  const guarding = [...keep(ground), ...sockets.covered, ...hiding];
  const mounts: Mount[] = [
    ...(await show({ read: reading, write: { ...writing, places: writable }, emptied, isBare })),
    ...system,
    ...guarding,
  ];
  const options = [
    ...systemFolders.flatMap((path) => ['--ro-bind-try', path, path]),
    ...etc.flatMap((path) => ['--ro-bind-try', path, path]),
    ...['--proc', '/proc', '--dev', '/dev'],
    ...inOrder([scratch('/tmp'), ...emptied.slice(1).map((path) => ({ path, options: ['--tmpfs', path] })), ...mounts]),
  ];
  return {
    options,
    held: [...heldPlaces(guarding, ground), ...system.map(({ path }) => path)],
    bound: boundIn(mounts),
    trails: [...writing.trails, ...named.trails],
    sees: ground.sees,
  };
}
