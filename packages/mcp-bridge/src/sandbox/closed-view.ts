import { join } from 'node:path';
import type { StdioServerEntry } from '../config/mcp-config.ts';
import { bind, type Ground, hide, inOrder, keep, keptIn, type Mount, scratch } from './mounts.ts';
import type { SandboxProfile } from './sandbox-profile.ts';
import { isWithin, isWithinAny } from './trail.ts';

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
export async function closedView(view: ClosedView): Promise<readonly string[]> {
  const { entry, profile, programs, home, hidden, code } = view;
  const { read, write, denyRead, denyWrite, network } = profile;
  const etc = [...settings, ...(network ? networkSettings : [])].map((name) => join('/etc', name));
  const writable = outermost([...write, ...(entry.cwd === undefined ? [] : [entry.cwd])]);
  // A folder inside of one that may be changed could be a link by now, and is there anyway.
  const readable = [...read, ...programs].filter((path) => !isWithinAny(path, writable));
  const kept = await keptIn(writable, [...code, ...denyWrite]);
  const ground: Ground = { writable, kept, sees: (path) => isWithinAny(path, [...readable, ...writable]) };
  const mounts: Mount[] = [
    ...readable.map((path) => bind('--ro-bind', path)),
    ...writable.map((path) => bind('--bind', path)),
    ...keep(ground),
    ...(await hide([...denyRead, ...hidden], ground)),
  ];
  return [
    ...systemFolders.flatMap((path) => ['--ro-bind-try', path, path]),
    ...etc.flatMap((path) => ['--ro-bind-try', path, path]),
    ...['--proc', '/proc', '--dev', '/dev'],
    ...inOrder([
      scratch('/tmp'),
      ...(home === undefined || home === '/' ? [] : [{ path: home, options: ['--tmpfs', home] }]),
      ...mounts,
    ]),
  ];
}

function outermost(paths: readonly string[]): readonly string[] {
  const unique = [...new Set(paths)];
  return unique.filter((path) => !unique.some((other) => other !== path && isWithin(path, other)));
}
