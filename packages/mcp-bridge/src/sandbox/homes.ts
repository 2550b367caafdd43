import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a server's home is, as it sees it. */
export const homeInside = '/run/mcp-home';

/**
 * The variables for the default contents of a home. Node keeps compiled code in /tmp, which is private to a sandbox and
 * is lost with it: each start would compile npx again.
 */
export const keptCaches = { NODE_COMPILE_CACHE: `${homeInside}/.cache/node-compile-cache` };

/**
 * Makes the persistent home of a server: caches of package runners, browser profiles, logins. Each server has its own,
 * which no other server sees. Without `homes`, a home is removed with its server.
 */
export async function keptHome(homes: string | undefined, id: string): Promise<string | undefined> {
  if (homes === undefined) return undefined;
  const home = homePath(homes, id);
  await mkdir(home, { recursive: true, mode: 0o700 });
  return home;
}

/** Returns the path of a home, whether or not it exists. */
export function homePath(homes: string, id: string): string {
  const readable = id
    .replace(/^mcp\//, '')
    .replace(/[^a-z0-9-]/g, '_')
    .slice(0, 40);
  const hash = createHash('sha256').update(id).digest('hex').slice(0, 12);
  return join(homes, `${readable}-${hash}`);
}
