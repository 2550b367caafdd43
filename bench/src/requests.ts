import { join } from 'node:path';
import { load } from './load.ts';
import { startServer } from './start-server.ts';
import { median, type Row } from './table.ts';

const models = join(import.meta.dirname, '..', '..', 'models');
const REPEATS = 5;

/** Requests per second of a route with authentication against the same route of a server without. */
export async function measureRequests(): Promise<readonly Row[]> {
  await using locked = await startServer(models);
  await using open = await startServer(models, ['--no-auth']);
  const rows: Row[] = [];
  // Routes whose answer is the same with and without a token.
  for (const path of ['/v1/models', '/api/v1/models']) {
    // Both get the same bytes; the open server does not look at them.
    const headers = { authorization: `Bearer ${locked.token}` };
    const withToken = (): Promise<number> => load(`${locked.url}${path}`, headers);
    const without = (): Promise<number> => load(`${open.url}${path}`, headers);
    await withToken();
    await without();
    const ours: number[] = [];
    const baseline: number[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat += 1) {
      baseline.push(await without());
      ours.push(await withToken());
    }
    rows.push({
      what: `requests/s, GET ${path}`,
      ours: median(ours),
      baseline: median(baseline),
      against: 'the same without authentication',
    });
  }
  return rows;
}
