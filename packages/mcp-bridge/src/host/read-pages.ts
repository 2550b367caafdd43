import { type Client, ProtocolError } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { LISTED_RAW } from '../transport/mend-message.ts';

/** The most pages of a list that are read. */
export const maxPages = 256;
/** More than any client accepts; what lies beyond is not read. */
export const mostListed = 4_096;
/** The most entries of a page that is read. */
const mostOnPage = 65_536;
/** How long a server that declares no tools may take to say that it has some. */
const undeclaredMs = 5_000;

/** What a server listed, as it came, and what was wrong with the list itself. */
export interface Pages {
  readonly items: readonly unknown[];
  readonly problems: readonly string[];
}

// Deliberately loose: the SDK's own schema would refuse the whole list because of one bad tool.
const pageSchema = z.looseObject({
  tools: z.array(z.unknown()).max(mostOnPage).catch([]),
  nextCursor: z.string().optional().catch(undefined),
  [LISTED_RAW]: z.array(z.unknown()).max(mostOnPage).optional(),
});

interface ReadOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/**
 * Reads the list of a server, page by page. A blemish of the list costs the blemish: a cursor that is null, empty or
 * was there before ends it, and so does a page that repeats what is known. A server that declares no tools is asked
 * nevertheless, since many with tools forget to; what it then answers wrongly, or not at all, is no fault.
 */
export async function readPages(client: Client, options: ReadOptions): Promise<Pages> {
  if (client.getServerCapabilities()?.tools !== undefined) return readAll(client, options);
  const timeoutMs = Math.min(options.timeoutMs, undeclaredMs);
  try {
    const pages = await readAll(client, { ...options, timeoutMs });
    if (pages.items.length === 0) return pages;
    return { ...pages, problems: [...pages.problems, 'It has tools and does not declare them: "capabilities.tools"'] };
  } catch (error) {
    options.signal.throwIfAborted();
    if (!(error instanceof Error)) throw error;
    const why = ProtocolError.isInstance(error) ? 'it refuses to list any' : 'it did not answer when asked for them';
    return { items: [], problems: [`It declares no tools ("capabilities.tools"), and ${why}`] };
  }
}

async function readAll(client: Client, { signal, timeoutMs }: ReadOptions): Promise<Pages> {
  const items: unknown[] = [];
  const seen = new Set<string>();
  const known = new Set<string>();
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page += 1) {
    const params = cursor === undefined ? {} : { cursor };
    const result = await client.request({ method: 'tools/list', params }, pageSchema, { signal, timeout: timeoutMs });
    const listed = result[LISTED_RAW] ?? result.tools;
    const texts = listed.slice(0, mostListed - items.length).map((item) => JSON.stringify(item));
    const isNews = texts.some((text) => !known.has(text));
    for (const [index, text] of texts.entries()) {
      if (isNews) items.push(listed[index]);
      known.add(text);
    }
    if (items.length >= mostListed) return { items, problems: [`Its list is cut after ${mostListed} tools`] };
    cursor = result.nextCursor;
    if (cursor === undefined || cursor === '') return { items, problems: [] };
    // An empty page may have more behind it.
    if (seen.has(cursor) || (listed.length > 0 && !isNews)) {
      return { items, problems: ['Its list goes round in a circle ("nextCursor"); it is read once'] };
    }
    seen.add(cursor);
  }
  return { items, problems: [`Its list is cut after ${maxPages} pages`] };
}
