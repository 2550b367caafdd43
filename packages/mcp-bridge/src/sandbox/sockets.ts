import { lstat, readdir, readFile } from 'node:fs/promises';
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
  const text = await readFile('/proc/net/unix', 'utf8').catch(() => '');
  const paths = new Set(
    text.split('\n').flatMap((line) => {
      const start = line.indexOf(' /');
      return start < 0 ? [] : line.slice(start + 1);
    }),
  );
  const leftOut: string[] = [];
  const covered: Mount[] = [];
  for (const path of paths) {
    if (!ground.sees(path) || isWithinAny(path, ground.writable)) continue;
    if ((await lstat(path).catch(() => undefined))?.isSocket() !== true) continue;
    const beside = await readdir(dirname(path)).catch(() => undefined);
    if (beside !== undefined && beside.length <= mostChildren && dirname(path) !== '/') leftOut.push(path);
    else covered.push({ path, options: ['--ro-bind-try', '/dev/null', path] });
  }
  return { leftOut, covered };
}
