import { ServerError } from '../contracts/server-error.ts';
import { type DataFolder, findServer } from './data-folder.ts';

/** How long a server on the folder may take to show that it lives. */
const PATIENCE_MILLISECONDS = 2000;

/**
 * Refuses a data folder that another server runs on: commands would reach only one of the two, and what is revoked on
 * one would go on for a while on the other. What a crashed server left behind is no obstacle, whatever process has its
 * number now. Throws ServerError `CONFLICT`.
 */
export async function requireSoleServer(folder: DataFolder, request: typeof fetch = fetch): Promise<void> {
  const other = findServer(folder.path);
  if (other === undefined) return;
  const alive = await request(new URL('/health', other.url), { signal: AbortSignal.timeout(PATIENCE_MILLISECONDS) })
    .then((response) => response.ok)
    .catch(() => false);
  if (!alive) return;
  throw new ServerError(
    'CONFLICT',
    `A server runs on this data folder already: ${other.url}, process ${other.pid}. Stop it, or choose another --data.`,
    { param: 'data' },
  );
}
