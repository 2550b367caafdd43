/** Finds the row of a request. */
export type FindRoute<Row> = (method: string, path: string) => FoundRoute<Row>;

export type FoundRoute<Row> =
  | { readonly row: Row; readonly params: Readonly<Record<string, string>> }
  /** The methods that rows at this path take; none: there is nothing at this path. */
  | { readonly allowed: readonly string[] };

interface Pattern<Row> {
  readonly row: Row;
  readonly methods: readonly string[];
  readonly segments: readonly string[];
}

/**
 * Finds rows by their paths: `:id` is one segment, and `*id` at the end is all that is left. The first row that fits is
 * taken, letters count as they are, and a path may end with a slash more. What takes GET takes HEAD.
 */
export function createFindRoute<Row extends { readonly method: string; readonly path: string }>(
  rows: readonly Row[],
): FindRoute<Row> {
  const patterns = rows.map(
    (row): Pattern<Row> => ({
      row,
      methods: row.method === 'GET' ? ['HEAD', 'GET'] : [row.method],
      segments: row.path.split('/'),
    }),
  );
  return (method, path) => {
    const sent = path.split('/');
    const allowed = new Set<string>();
    for (const { row, methods, segments } of patterns) {
      const params = match(segments, sent);
      if (params === undefined) continue;
      if (methods.includes(method)) return { row, params };
      for (const one of methods) allowed.add(one);
    }
    return { allowed: [...allowed] };
  };
}

function match(segments: readonly string[], sent: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    if (segment.startsWith('*')) {
      const rest = sent.slice(index).join('/');
      if (rest === '') return undefined;
      params[segment.slice(1)] = decode(rest);
      return params;
    }
    const value = sent[index];
    if (value === undefined) return undefined;
    if (segment.startsWith(':')) {
      if (value === '') return undefined;
      params[segment.slice(1)] = decode(value);
    } else if (value !== segment) return undefined;
  }
  const isWhole = sent.length === segments.length || (sent.length === segments.length + 1 && sent.at(-1) === '');
  return isWhole ? params : undefined;
}

/** What is not encoded as it should be means what it is. */
function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
