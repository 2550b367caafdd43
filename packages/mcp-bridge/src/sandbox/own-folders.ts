import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { StdioServerEntry } from '../config/mcp-config.ts';

/** An argument such as /usr/bin/chromium does not open them. */
const systemFolders = [
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib64',
  '/etc',
  '/opt',
  '/dev',
  '/proc',
  '/sys',
  '/run',
  '/boot',
];

/** Where package runners keep what they fetch, below the home folder. */
const runnerFolders: ReadonlyMap<string, readonly string[]> = new Map([
  ['npx', ['.npm']],
  ['npm', ['.npm']],
  ['pnpm', ['.cache/pnpm', '.local/share/pnpm', '.local/state/pnpm']],
  ['pnpx', ['.cache/pnpm', '.local/share/pnpm', '.local/state/pnpm']],
  ['yarn', ['.cache/yarn', '.yarn']],
  ['bunx', ['.bun']],
  ['bun', ['.bun']],
  ['uvx', ['.cache/uv', '.local/share/uv']],
  ['uv', ['.cache/uv', '.local/share/uv']],
  ['pipx', ['.cache/pipx', '.cache/pip', '.local/share/pipx', '.local/state/pipx']],
  ['deno', ['.cache/deno']],
]);

/** The folders below the home folder that a command needs to write to; empty for what is no package runner. */
export function runnerCaches(command: string, home: string | undefined): readonly string[] {
  if (home === undefined) return [];
  return (runnerFolders.get(basename(command)) ?? []).map((folder) => join(home, folder));
}

/**
 * What an entry names as its server's own, for a server whose entry says nothing of a sandbox: its `cwd`, and the
 * folders and files in its arguments and variables, a file with the folder that it is in: servers keep data beside
 * their script. The root, the system, and what holds the home folder are never opened for the sake of a file. Nothing
 * that a server can make opens more to it at its next start: links in its own folders are not followed.
 */
export async function ownFolders(
  { cwd, args }: Pick<StdioServerEntry, 'cwd' | 'args'>,
  variables: Readonly<Record<string, string>>,
  home: string | undefined,
): Promise<readonly string[]> {
  const realHome = home === undefined ? undefined : await realpath(home).catch(() => home);
  const named = [...args, ...Object.values(variables)]
    // --database=/srv/a.db
    .map((text) => text.replace(/^-[^=/]*=/, ''))
    .filter((text) => isAbsolute(text) && !text.includes('\0'));
  const found = await Promise.all([...(cwd === undefined ? [] : [cwd]), ...named].map((path) => read(path, realHome)));
  const candidates = found.filter((candidate) => candidate !== undefined);
  const own = candidates.filter(
    ({ path, links }) =>
      path !== '/' && !links.some((place) => candidates.some((other) => isWithin(place, other.path))),
  );
  return [...new Set(own.map(({ path }) => path))];
}

interface Candidate {
  readonly path: string;
  /** The folders that hold the links on the way to it. */
  readonly links: readonly string[];
}

async function read(named: string, home: string | undefined): Promise<Candidate | undefined> {
  const path = resolve(named);
  const holder = await walk(dirname(path));
  if (holder === undefined) return undefined;
  const whole = join(holder.path, basename(path));
  const status = await lstat(whole).catch(() => undefined);
  if (status?.isDirectory() === true) return { ...holder, path: whole };
  if (systemFolders.some((folder) => isWithin(holder.path, folder))) return undefined;
  if (home === undefined || !isWithin(home, holder.path)) return holder;
  return status?.isFile() === true ? { ...holder, path: whole } : undefined;
}

/** Where a path leads; undefined when it leads nowhere. */
async function walk(path: string): Promise<Candidate | undefined> {
  let reached = '/';
  const links: string[] = [];
  try {
    for (const part of path.split('/').filter((name) => name !== '')) {
      const next = join(reached, part);
      const isLink = (await lstat(next)).isSymbolicLink();
      if (isLink) links.push(reached);
      reached = isLink ? await realpath(next) : next;
    }
    return { path: reached, links };
  } catch {
    return undefined;
  }
}

/** Whether a path is a folder or lies in it. */
export function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way.split('/')[0] !== '..' && !isAbsolute(way));
}
