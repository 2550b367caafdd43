import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { descendantsOf } from '../support/processes.ts';
import type { Seen, Watched } from './observer-server.ts';

/** Observes a server from another process until its result is requested. */
export interface Observer extends Disposable {
  /** Ends the observation. */
  seen(): Promise<Seen>;
}

export function observe(watched: Watched): Observer {
  const child = fork(join(import.meta.dirname, 'observer-server.ts'));
  child.send(watched);
  return {
    seen: async () => {
      child.send('stop');
      const [seen] = (await once(child, 'message')) as [Seen];
      return seen;
    },
    [Symbol.dispose]: () => void child.kill(),
  };
}

/** The value below which 99 of 100 values are. */
export function percentile99(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * 0.99) - 1)] ?? Number.NaN;
}

/** Memory of a process and its descendants, in bytes; undefined where the system does not report it. */
export function memoryOf(pid: number): number | undefined {
  try {
    return [pid, ...descendantsOf(pid)].reduce((sum, id) => sum + residentBytes(id), 0);
  } catch {
    return undefined;
  }
}

function residentBytes(pid: number): number {
  try {
    const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  } catch (error) {
    // It has ended since the list was made.
    if (pid !== process.pid) return 0;
    throw error;
  }
}
