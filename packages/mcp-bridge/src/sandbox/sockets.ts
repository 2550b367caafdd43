import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Ground, type Mount, mostChildren } from './mounts.ts';
import { isWithinAny } from './trail.ts';

/**
 * Finds the sockets that the server would see: a read-only mount does not prevent connections to them. Their folders
 * are rebuilt without them, so that the socket of a service that restarts is not visible either; in a folder with very
 * many entries the socket is covered.
 */
export async function socketsIn(
  ground: Ground,
): Promise<{ readonly leftOut: readonly string[]; readonly covered: readonly Mount[] }> {
  const paths = new Set([...(await listenedTo()), ...(await mounted())]);
  const leftOut: string[] = [];
  const covered: Mount[] = [];
  for (const path of paths) {
    if (!ground.sees(path) || isWithinAny(path, ground.writable)) continue;
    if ((await lstat(path).catch(() => undefined))?.isSocket() !== true || !(await isReached(path))) continue;
    const beside = await readdir(dirname(path)).catch(() => undefined);
    if (beside !== undefined && beside.length <= mostChildren && dirname(path) !== '/') leftOut.push(path);
    else covered.push({ path, options: ['--ro-bind-try', '/dev/null', path] });
  }
  return { leftOut, covered };
}

/**
 * Whether a server gets to a path: for root, too, the permissions of the folders above it count, for its servers have
 * no privilege. Where they do not get, bubblewrap can mount nothing, and need not: another user's private folder must
 * not keep servers from starting.
 */
async function isReached(path: string): Promise<boolean> {
  const user = process.geteuid?.();
  const groups = [process.getegid?.(), ...(process.getgroups?.() ?? [])];
  for (let folder = dirname(path); folder !== '/'; folder = dirname(folder)) {
    const status = await stat(folder).catch(() => undefined);
    if (status === undefined) return false;
    const needed = status.uid === user ? 0o100 : groups.includes(status.gid) ? 0o010 : 0o001;
    if ((status.mode & needed) === 0) return false;
  }
  return true;
}

/** The sockets of this network namespace, which is not that of every service: a container has its own. */
async function listenedTo(): Promise<readonly string[]> {
  const text = await readFile('/proc/net/unix', 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const start = line.indexOf(' /');
    return start < 0 ? [] : line.slice(start + 1);
  });
}

/** The places of mounts: a container is given the socket of an engine outside as one. */
async function mounted(): Promise<readonly string[]> {
  const text = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const places = text.split('\n').flatMap((line) => line.split(' ', 5)[4] ?? []);
  return places.map((place) =>
    place.replace(/\\(\d{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8))),
  );
}
