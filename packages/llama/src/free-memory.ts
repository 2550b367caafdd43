import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { dirname, join } from 'node:path';

const CGROUPS = '/sys/fs/cgroup';

/**
 * The bytes that a new process may take: what the system has, within the limit of the container or service. Cached file
 * contents count as free, since the system gives them up.
 *
 * @param folder where the control groups are mounted
 * @param own the file that names the group of this process
 */
export function freeMemory(folder = CGROUPS, own = '/proc/self/cgroup', system = freemem()): number {
  let free = system;
  for (let group = join(folder, groupOf(own)); group.startsWith(folder); group = dirname(group)) {
    free = Math.min(free, roomIn(group));
    if (group === folder) break;
  }
  return Math.max(0, free);
}

/** The group of this process in the unified hierarchy; the root where there is none. */
function groupOf(own: string): string {
  const line = read(own)
    ?.split('\n')
    .find((entry) => entry.startsWith('0::'));
  return line === undefined ? '/' : line.slice('0::'.length);
}

/** The room in one group; infinite without a limit. */
function roomIn(group: string): number {
  const limit = Number(read(join(group, 'memory.max')) ?? Number.NaN);
  const used = Number(read(join(group, 'memory.current')) ?? Number.NaN);
  // `max` is not a number: there is no limit.
  if (Number.isNaN(limit) || Number.isNaN(used)) return Number.POSITIVE_INFINITY;
  const cached = /^inactive_file (\d+)$/m.exec(read(join(group, 'memory.stat')) ?? '')?.[1] ?? '0';
  const active = /^active_file (\d+)$/m.exec(read(join(group, 'memory.stat')) ?? '')?.[1] ?? '0';
  return limit - used + Number(cached) + Number(active);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
