import { join } from 'node:path';
import type { StdioServerEntry } from '../config/mcp-config.ts';
import { type Ground, heldPlaces, hide, inOrder, keep, keptIn, type Mount, scratch, type Walls } from './mounts.ts';
import type { SandboxProfile } from './sandbox-profile.ts';
import { outermost, show, waysTo } from './show.ts';
import { socketsIn } from './sockets.ts';
import { isWithinAny } from './trail.ts';

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

export interface ClosedView {
  readonly entry: StdioServerEntry;
  readonly profile: SandboxProfile;
  /** Its program, with the libraries beside it. */
  readonly programs: readonly string[];
  readonly home: string | undefined;
  readonly hidden: readonly string[];
  /** What is run of any server. */
  readonly code: readonly string[];
}

/**
 * What a server sees whose entry says what it needs: that, and of the system only its programs. Its home folder is empty
 * and is gone with it.
 */
export async function closedView(view: ClosedView): Promise<Walls> {
  const { entry, profile, programs, home, hidden, code } = view;
  const { read, write, denyRead, denyWrite, network } = profile;
  const etc = [...settings, ...(network ? networkSettings : [])].map((name) => join('/etc', name));
  // A folder inside of one that may be changed could be a link by now, and is there anyway.
  const writing = await waysTo(outermost([...write, ...(entry.cwd === undefined ? [] : [entry.cwd])]));
  const writable = outermost(writing.places);
  const reading = await waysTo([...read, ...programs].filter((path) => !isWithinAny(path, writable)));
  const kept = await keptIn(writable, [...code, ...denyWrite]);
  const ground: Ground = { writable, kept, sees: (path) => isWithinAny(path, [...reading.places, ...writable]) };
  const emptied = ['/tmp', ...(home === undefined || home === '/' ? [] : [home])];
  const isBare = (path: string): boolean => isWithinAny(path, emptied) || !isWithinAny(path, systemFolders);
  const sockets = await socketsIn(ground);
  const hiding = await hide([...denyRead, ...hidden, ...sockets.leftOut], ground);
  const guarding = [...keep(ground), ...sockets.covered, ...hiding];
  const mounts: Mount[] = [
    ...(await show({ read: reading, write: { ...writing, places: writable }, emptied, isBare })),
    ...guarding,
  ];
  const options = [
    ...systemFolders.flatMap((path) => ['--ro-bind-try', path, path]),
    ...etc.flatMap((path) => ['--ro-bind-try', path, path]),
    ...['--proc', '/proc', '--dev', '/dev'],
    ...inOrder([scratch('/tmp'), ...emptied.slice(1).map((path) => ({ path, options: ['--tmpfs', path] })), ...mounts]),
  ];
  return { options, held: heldPlaces(guarding, ground) };
}
