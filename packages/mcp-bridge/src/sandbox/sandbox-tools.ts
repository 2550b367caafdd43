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
    return { ceiling: unlimited, withoutBubblewrap: `there is no bubblewrap for ${process.platform}` };
  }
  const path = environment.PATH ?? '/usr/bin:/bin';
  const [bubblewrap, prlimit, nothing, ceiling] = await Promise.all([
    findProgram('bwrap', path, '/'),
    findProgram('prlimit', path, '/'),
    findProgram('true', path, '/'),
    readCeiling(),
  ]);
  const works = async (program: string | undefined, ...args: string[]): Promise<boolean> => {
    if (program === undefined || nothing === undefined) return false;
    const options = { env: {}, timeout: longestProbeMs, killSignal: 'SIGKILL' as const };
    return run(program, [...args, '--', nothing], options).then(
      () => true,
      () => false,
    );
  };
  const [wraps, limits] = await Promise.all([
    works(bubblewrap, ...isolation, '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev'),
    works(prlimit, '--core=0'),
  ]);
  return {
    ceiling,
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
