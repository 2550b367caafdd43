import autocannon from 'autocannon';

const SECONDS = 3;

/** Requests per second that a URL serves to 16 connections; throws when one of them is refused. */
export async function load(url: string, headers: Record<string, string>): Promise<number> {
  const result = await autocannon({ url, headers, connections: 16, duration: SECONDS });
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${url}: ${result.non2xx} refused, ${result.errors} failed`);
  }
  return result.requests.average;
}
