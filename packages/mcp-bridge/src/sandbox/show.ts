import { readlink } from 'node:fs/promises';
import { bind, type Mount } from './mounts.ts';
import { follow, isWithin, isWithinAny } from './trail.ts';

/** Files and folders, each with the links that lead to it. */
export interface Ways {
  /** Without links on the way. A path that leads nowhere stays as it is, for bubblewrap to refuse. */
  readonly places: readonly string[];
  readonly links: readonly string[];
}

export async function waysTo(paths: readonly string[]): Promise<Ways> {
  const trails = await Promise.all(
    paths.map(async (path) => (await follow(path)) ?? { path, links: [] as readonly string[] }),
  );
  const unique = (all: readonly string[]): readonly string[] => [...new Set(all)];
  return { places: unique(trails.map(({ path }) => path)), links: unique(trails.flatMap(({ links }) => links)) };
}

/** What a server sees, before something is hidden in it. */
export interface Shown {
  readonly read: Ways;
  readonly write: Ways;
  /** Folders that are empty: what lies in one is not seen because something around it is shown. */
  readonly emptied: readonly string[];
  /** Whether nothing is seen at a path unless it is shown. */
  isBare(path: string): boolean;
}

/**
 * Shows files and folders on the ways that lead to them. A link stays a link, as package managers make them: a file that
 * is mounted where a link lies is mounted where the link leads, which may not be there yet.
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

/** Without the paths that lie in another of them. */
export function outermost(paths: readonly string[], emptied: readonly string[] = []): readonly string[] {
  const unique = [...new Set(paths)];
  return unique.filter((path) => !unique.some((folder) => isSeenIn(path, folder, emptied)));
}

function isSeenIn(path: string, folder: string, emptied: readonly string[]): boolean {
  if (path === folder || !isWithin(path, folder)) return false;
  return !emptied.some((between) => between !== folder && isWithin(path, between) && isWithin(between, folder));
}
