import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Environment } from '../config/interpolate.ts';
import { findProgram } from './find-program.ts';
import type { SandboxLimits } from './sandbox-profile.ts';

const run = promisify(execFile);
const longestProbeMs = 5_000;

/** What works on this machine. */
export interface SandboxTools {
  /** The program, where it works. */
  readonly bubblewrap?: string;
  /** Why there is no bubblewrap. */
  readonly withoutBubblewrap?: string;
  /** The program, where it works. */
  readonly prlimit?: string;
  /** Whether the number of processes in a sandbox can be limited: the kernel counts none of root. */
  readonly countsProcesses: boolean;
  /** The most that this process may allow others. */
  readonly ceiling: SandboxLimits;
}

/** What every sandbox has: namespaces of its own, no privileges, and it ends with this process, however that ends. */
export const isolation: readonly string[] = ['--unshare-all', '--die-with-parent', '--cap-drop', 'ALL'];

const unlimited: SandboxLimits = {
  memoryMb: Number.POSITIVE_INFINITY,
  processes: Number.POSITIVE_INFINITY,
  fileMb: Number.POSITIVE_INFINITY,
  openFiles: Number.POSITIVE_INFINITY,
};

/** Tries the tools out: that they are installed does not say that the kernel, or a container around it, lets them work. */
export async function probeSandboxTools(environment: Environment): Promise<SandboxTools> {
  if (process.platform !== 'linux') {
    return {
      ceiling: unlimited,
      countsProcesses: false,
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
  const [wraps, limits, forksBeyondLimit] = await Promise.all([
    works(':', ...inside),
    works(':', prlimit, '--core=0'),
    works('(:); :', ...inside, '--', prlimit, '--nproc=1'),
  ]);
  return {
    ceiling,
    countsProcesses: wraps && limits && !forksBeyondLimit,
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

/** Limits that were set for this process can be lowered for others, not raised. */
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
