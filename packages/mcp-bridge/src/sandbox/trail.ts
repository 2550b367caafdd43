import { lstat, readlink } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';

/** Where a path leads. */
export interface Trail {
  /** The place itself, with all links resolved. */
  readonly path: string;
  /** The path of each link on the way. */
  readonly links: readonly string[];
}

const mostLinks = 40;

/** Resolves a path link by link, as the kernel does; undefined when it leads nowhere. */
export async function follow(named: string): Promise<Trail | undefined> {
  const { isThere, path, links } = await approach(named);
  return isThere ? { path, links } : undefined;
}

/** A way as far as it leads: to the place itself, or to the last folder before something that is not there. */
export interface Approach extends Trail {
  readonly isThere: boolean;
}

/** Resolves a path as far as it exists. */
export async function approach(named: string): Promise<Approach> {
  const links: string[] = [];
  let left = resolve(named)
    .split('/')
    .filter((part) => part !== '');
  let reached = '/';
  try {
    for (;;) {
      const [part, ...rest] = left;
      if (part === undefined) return { path: reached, links, isThere: true };
      if (part === '..') {
        [reached, left] = [join(reached, '..'), rest];
        continue;
      }
      const next = join(reached, part);
      const status = await lstat(next);
      if (!status.isSymbolicLink()) {
        [reached, left] = [next, rest];
        continue;
      }
      links.push(next);
      if (links.length > mostLinks) return { path: reached, links, isThere: false };
      const target = await readlink(next);
      if (isAbsolute(target)) reached = '/';
      left = [...target.split('/').filter((name) => name !== '' && name !== '.'), ...rest];
    }
  } catch {
    return { path: reached, links, isThere: false };
  }
}

/** Whether a path is a folder or is inside it. */
export function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way.split('/')[0] !== '..' && !isAbsolute(way));
}

/** Whether a path is one of the folders or is inside one of them. */
export const isWithinAny = (path: string, folders: readonly string[]): boolean =>
  folders.some((folder) => isWithin(path, folder));
