import { join } from 'node:path';
import { load } from './load.ts';
import { startServer } from './start-server.ts';
import type { Row } from './table.ts';
import { compare, measureInTurns } from './turns.ts';

const models = join(import.meta.dirname, '..', '..', 'models');

/** Requests per second of a route with authentication against the same route of a server without. */
export async function measureRequests(): Promise<readonly Row[]> {
  await using locked = await startServer(models);
  await using open = await startServer(models, ['--no-auth']);
  const rows: Row[] = [];
  // Routes whose answer is the same with and without a token.
  for (const path of ['/v1/models', '/api/v1/models']) {
    // Both get the same bytes; the open server ignores the token.
    const headers = { authorization: `Bearer ${locked.token}` };
    const rates = await measureInTurns({
      withToken: () => load(`${locked.url}${path}`, headers),
      without: () => load(`${open.url}${path}`, headers),
    });
    rows.push({
      what: `requests/s, GET ${path}`,
      ...compare(rates.withToken, rates.without),
      against: 'the same without authentication',
    });
  }
  return rows;
}
