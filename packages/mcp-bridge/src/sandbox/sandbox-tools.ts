import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { promisify } from 'node:util';
import type { Environment } from '../config/interpolate.ts';
import { signalGroup } from '../transport/process-group.ts';
import { findProgram } from './find-program.ts';
import { hasRoute, type NetworkTools, ownNetwork } from './network.ts';
import type { SandboxLimits } from './sandbox-profile.ts';
import { seccompFilter } from './seccomp.ts';

const run = promisify(execFile);
const longestProbeMs = 5_000;

/** The sandbox tools that work on this machine. */
export interface SandboxTools {
  /** The path of bubblewrap, if it works. */
  readonly bubblewrap?: string;
  /** Why bubblewrap cannot be used. */
  readonly withoutBubblewrap?: string;
  /** Its version, e.g. `0.8.0`. */
  readonly version?: string;
  /** Whether it can set a system call filter here. */
  readonly filters: boolean;
  /** Whether it can keep programs from creating namespaces. */
  readonly disablesNamespaces: boolean;
  /** The path of prlimit, if it works. */
  readonly prlimit?: string;
  /** The tools that make a network for a sandbox, if they work. */
  readonly network?: NetworkTools;
  /** Why there is no network for a sandbox. */
  readonly withoutNetwork?: string;
  /** Whether that could not be determined because this machine has no route out at the moment. */
  readonly isOffline?: boolean;
  /** Whether the number of processes in a sandbox can be limited: the kernel does not count root's. */
  readonly countsProcesses: boolean;
  /** The highest limits that this process may set. */
  readonly ceiling: SandboxLimits;
}

/** Options of every sandbox: its own namespaces, no privileges, and an end with this process, however that ends. */
export const isolation: readonly string[] = ['--unshare-all', '--die-with-parent', '--cap-drop', 'ALL'];

const unlimited: SandboxLimits = {
  memoryMb: Number.POSITIVE_INFINITY,
  processes: Number.POSITIVE_INFINITY,
  fileMb: Number.POSITIVE_INFINITY,
  openFiles: Number.POSITIVE_INFINITY,
};

/** Tests the tools: even if they are installed, the kernel or a surrounding container may not let them work. */
export async function probeSandboxTools(environment: Environment): Promise<SandboxTools> {
  if (process.platform !== 'linux') {
    return {
      ceiling: unlimited,
      countsProcesses: false,
      filters: false,
      disablesNamespaces: false,
      withoutNetwork: `there is no pasta for ${process.platform}`,
      withoutBubblewrap: `there is no bubblewrap for ${process.platform}`,
    };
  }
  const path = environment.PATH ?? '/usr/bin:/bin';
  const [bubblewrap, prlimit, shell, ceiling] = await Promise.all([
    findProgram('bwrap', path, '/'),
    findProgram('prlimit', path, '/'),
    findProgram('sh', path, '/'),
    readCeiling(),
  ]);
  const works = async (script: string, ...command: (string | undefined)[]): Promise<boolean> => {
    const [program, ...args] = [...command, '--', shell, '-c', script];
    if (program === undefined || !args.every((arg) => arg !== undefined)) return false;
    const options = { env: {}, timeout: longestProbeMs, killSignal: 'SIGKILL' as const };
    return run(program, args, options).then(
      () => true,
      () => false,
    );
  };
  const inside = [bubblewrap, ...isolation, '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev'];
  const [wraps, limits, forksBeyondLimit, disablesNamespaces, filters, version] = await Promise.all([
    works(':', ...inside),
    works(':', prlimit, '--core=0'),
    works('(:); :', ...inside, '--', prlimit, '--nproc=1'),
    works(':', ...inside, '--unshare-user', '--disable-userns'),
    worksFiltered([bubblewrap, ...inside.slice(1), '--seccomp', '3', '--', shell, '-c', ':']),
    readVersion(bubblewrap),
  ]);
  const network = wraps ? await probeNetwork(path, inside, filters) : { withoutNetwork: 'there is no bubblewrap' };
  return {
    ceiling,
    countsProcesses: wraps && limits && !forksBeyondLimit,
    filters: wraps && filters,
    disablesNamespaces: wraps && disablesNamespaces,
    ...network,
    ...(version === undefined ? {} : { version }),
    ...(limits && prlimit !== undefined ? { prlimit } : {}),
    ...(wraps && bubblewrap !== undefined
      ? { bubblewrap }
      : {
          withoutBubblewrap:
            bubblewrap === undefined
              ? 'bubblewrap (bwrap) is not installed'
              : 'bubblewrap does not work here: this user may not make namespaces',
        }),
  };
}

/** Tests a complete network with a sandbox in it. */
async function probeNetwork(
  path: string,
  inside: readonly (string | undefined)[],
  filters: boolean,
): Promise<Pick<SandboxTools, 'network' | 'withoutNetwork' | 'isOffline'>> {
  // System administration tools are in folders that are not on every user's PATH.
  const [pasta, ip] = await Promise.all([
    findProgram('pasta', path, '/'),
    findProgram('ip', `${path}:/usr/sbin:/sbin`, '/'),
  ]);
  if (pasta === undefined) return { withoutNetwork: 'pasta (the package passt) is not installed' };
  if (ip === undefined) return { withoutNetwork: 'pasta needs ip (the package iproute2), which is not installed' };
  if (!(await hasRoute())) return { withoutNetwork: 'this machine has no route to the outside now', isOffline: true };
  const filter = filters ? seccompFilter() : undefined;
  const { command, walls } = await ownNetwork(
    { pasta, ip },
    { ports: { reached: [], served: [] }, hasOutside: true, resolver: 'where it leads', filter },
  );
  const filtered = filter === undefined ? [] : ['--seccomp', '3'];
  const works = await exitsWell([...command, ...inside, ...walls, ...filtered, '--', '/bin/sh', '-c', ':']);
  if (works) return { network: { pasta, ip } };
  return { withoutNetwork: 'pasta does not work here: this user may not open /dev/net/tun, or not make namespaces' };
}

/** Whether a command works that reads our filter from its file descriptor 3. */
async function worksFiltered(command: readonly (string | undefined)[]): Promise<boolean> {
  const filter = seccompFilter();
  return filter !== undefined && exitsWell(command, filter);
}

/** Whether a command exits successfully in time; afterwards no process of it is left. */
async function exitsWell([program, ...args]: readonly (string | undefined)[], filter?: Buffer): Promise<boolean> {
  if (program === undefined || !args.every((arg) => arg !== undefined)) return false;
  const child = spawn(program, args, { env: {}, detached: true, stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const pipe = child.stdio[3] as Writable;
  pipe.on('error', () => {});
  pipe.end(filter);
  const timer = setTimeout(() => child.pid !== undefined && signalGroup(child.pid, 'SIGKILL'), longestProbeMs);
  return new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false)).once('exit', (code) => resolve(code === 0));
  }).finally(() => clearTimeout(timer));
}

async function readVersion(bubblewrap: string | undefined): Promise<string | undefined> {
  if (bubblewrap === undefined) return undefined;
  const options = { env: {}, timeout: longestProbeMs };
  const { stdout } = await run(bubblewrap, ['--version'], options).catch(() => ({ stdout: '' }));
  return /\d+\.\d+(\.\d+)?/.exec(stdout)?.[0];
}

/** Reads the limits of this process: for others they can be lowered but not raised. */
async function readCeiling(): Promise<SandboxLimits> {
  const text = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const hard = (name: string): number => {
    const [, value] = new RegExp(`^${name} +\\S+ +(\\S+)`, 'm').exec(text) ?? [];
    return value === undefined || value === 'unlimited' ? Number.POSITIVE_INFINITY : Number(value);
  };
  const mebibytes = (name: string): number => Math.floor(hard(name) / 2 ** 20);
  return {
    memoryMb: mebibytes('Max data size'),
    processes: hard('Max processes'),
    fileMb: mebibytes('Max file size'),
    openFiles: hard('Max open files'),
  };
}
