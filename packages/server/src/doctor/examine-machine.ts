import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os';
import { type Finding, ok, warning } from './finding.ts';
import { formatBytes } from './format-bytes.ts';

/** The properties of a machine that affect a server. The files are those of Linux; absent elsewhere. */
export interface Machine {
  readonly node: string;
  /** `linux-x64`. */
  readonly system: string;
  /** The version of glibc; undefined on musl, and where there is neither. */
  readonly glibc: string | undefined;
  /** Cores of the machine, and how many threads this process may run at once. */
  readonly cores: number;
  readonly threads: number;
  /** The contents of `/proc/cpuinfo`. */
  readonly processor: string | undefined;
  /** Bytes; `constrained` is the limit of a container, 0 without one. */
  readonly memory: { readonly total: number; readonly available: number; readonly constrained: number };
  /** The contents of `/proc/self/limits`. */
  readonly limits: string | undefined;
}

/** Reads the facts of the machine on which this process runs. */
export function thisMachine(): Machine {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return {
    node: process.versions.node,
    system: `${platform()}-${arch()}`,
    glibc: header?.glibcVersionRuntime,
    cores: cpus().length,
    threads: availableParallelism(),
    processor: read('/proc/cpuinfo'),
    memory: { total: totalmem(), available: process.availableMemory(), constrained: process.constrainedMemory() },
    limits: read('/proc/self/limits'),
  };
}

/** A server with a small model needs about this much. */
const LEAST_MEMORY = 1_000_000_000;
/** Each connection, file and child process takes at least one. */
const LEAST_FILES = 1024;

/** Judges a machine: its system, processor, memory and limits. */
export function examineMachine(machine: Machine): readonly Finding[] {
  return [examineSystem(machine), examineProcessor(machine), examineMemory(machine), ...examineLimits(machine)];
}

function examineSystem({ node, system, glibc }: Machine): Finding {
  const what = `Node ${node} on ${system}`;
  if (!system.startsWith('linux')) {
    return warning('system', what, 'MCP servers run without a sandbox here: the sandbox needs Linux.');
  }
  if (glibc === undefined) {
    return warning(
      'system',
      `${what} without glibc`,
      'llama.cpp comes built for glibc. Use an image of Debian in place of Alpine, or models of upstream servers.',
    );
  }
  return ok('system', `${what}, glibc ${glibc}`);
}

function examineProcessor({ cores, threads, processor, system }: Machine): Finding {
  const what = threads === cores ? `${cores} cores` : `${threads} of ${cores} cores may be used`;
  const flags = /^flags\s*:(.*)$/m.exec(processor ?? '')?.[1]?.split(' ');
  if (system === 'linux-x64' && flags !== undefined && !flags.includes('avx2')) {
    return warning('processor', `${what}, without AVX2`, 'Models run several times more slowly on such a processor.');
  }
  return ok('processor', what);
}

function examineMemory({ memory: { total, available, constrained } }: Machine): Finding {
  const isLimited = constrained > 0 && constrained < total;
  const whole = isLimited ? `${formatBytes(constrained)} that this container may use` : formatBytes(total);
  const what = `${formatBytes(available)} free of ${whole}`;
  if (available >= LEAST_MEMORY) return ok('memory', what);
  return warning('memory', what, 'A model needs its file size and some more. Free memory, or raise the limit.');
}

function examineLimits({ limits }: Machine): readonly Finding[] {
  const most = /^Max open files\s+(\d+)/m.exec(limits ?? '')?.[1];
  if (most === undefined) return [];
  const what = `${most} files and connections at once`;
  if (Number(most) >= LEAST_FILES) return [ok('open files', what)];
  return [warning('open files', what, `Raise the limit: ulimit -n ${LEAST_FILES}, or LimitNOFILE= in a systemd unit.`)];
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
