import { readlink } from 'node:fs/promises';
import { bind, type Mount } from './mounts.ts';
import { follow, isWithin, isWithinAny, type Trail } from './trail.ts';

/** Files and folders, each with the links that lead to it. */
export interface Ways {
  /** Paths with links resolved. A path that leads nowhere is kept, and bubblewrap then refuses it. */
  readonly places: readonly string[];
  readonly links: readonly string[];
  /** Each place with its own links. */
  readonly trails: readonly Trail[];
}

export async function waysTo(paths: readonly string[]): Promise<Ways> {
  const trails = await Promise.all(
    paths.map(async (path) => (await follow(path)) ?? { path, links: [] as readonly string[] }),
  );
  const unique = (all: readonly string[]): readonly string[] => [...new Set(all)];
  return {
    places: unique(trails.map(({ path }) => path)),
    links: unique(trails.flatMap(({ links }) => links)),
    trails,
  };
}

export function joined(...all: readonly Ways[]): Ways {
  return {
    places: [...new Set(all.flatMap(({ places }) => places))],
    links: [...new Set(all.flatMap(({ links }) => links))],
    trails: all.flatMap(({ trails }) => trails),
  };
}

/** A server's view before anything in it is hidden. */
export interface Shown {
  readonly read: Ways;
  readonly write: Ways;
  /** Folders that appear empty: showing a folder around one does not show its contents. */
  readonly emptied: readonly string[];
  /** Whether only what is shown explicitly is visible at a path. */
  isBare(path: string): boolean;
}

/**
 * Shows files and folders at the paths that lead to them. A link stays a link, which package managers rely on: a file
 * mounted over a link would be mounted at the link's target, which may not exist yet.
 */
export async function show({ read, write, emptied, isBare }: Shown): Promise<readonly Mount[]> {
  const readable = outermost(
    read.places.filter((path) => isBare(path) && !isWithinAny(path, write.places)),
    emptied,
  );
  const shown = [...readable, ...write.places];
  const mounts = [
    ...readable.map((path) => bind('--ro-bind', path)),
    ...write.places.map((path) => bind('--bind', path)),
  ];
  for (const path of new Set([...read.links, ...write.links])) {
    if (!isBare(path) || shown.some((folder) => isSeenIn(path, folder, emptied))) continue;
    mounts.push({ path, options: ['--symlink', await readlink(path), path] });
  }
  return mounts;
}

/** Removes paths that are inside another one. */
export function outermost(paths: readonly string[], emptied: readonly string[] = []): readonly string[] {
  const unique = [...new Set(paths)];
  return unique.filter((path) => !unique.some((folder) => isSeenIn(path, folder, emptied)));
}

function isSeenIn(path: string, folder: string, emptied: readonly string[]): boolean {
  if (path === folder || !isWithin(path, folder)) return false;
  return !emptied.some((between) => between !== folder && isWithin(path, between) && isWithin(between, folder));
}
