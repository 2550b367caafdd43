import { askServer } from '@latchkey/client';
import { ServerError } from '../contracts/server-error.ts';
import { type DataFolder, findServer } from './data-folder.ts';

/** How long a server on the folder may take to show that it lives. */
const PATIENCE_MILLISECONDS = 2000;

/**
 * Refuses a data folder that another server runs on: commands would reach only one of the two, and what is revoked on
 * one would go on for a while on the other. What a crashed server left behind is no obstacle, whatever process has its
 * number now, and whatever else answers at its address. Throws ServerError `CONFLICT`.
 */
export async function requireSoleServer(folder: DataFolder, request: typeof fetch = fetch): Promise<void> {
  const other = findServer(folder.path);
  if (other === undefined) return;
  const answer = await askServer(other.url, { fetch: request, signal: AbortSignal.timeout(PATIENCE_MILLISECONDS) });
  if (answer.type !== 'proven' || answer.key !== other.key) return;
  throw new ServerError(
    'CONFLICT',
    `A server runs on this data folder already: ${other.url}, process ${other.pid}. Stop it, or choose another --data.`,
    { param: 'data' },
  );
}
