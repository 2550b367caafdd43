/** Finds the row that matches a request. */
export type FindRoute<Row> = (method: string, path: string) => FoundRoute<Row>;

export type FoundRoute<Row> =
  | { readonly row: Row; readonly params: Readonly<Record<string, string>> }
  /** The methods of the rows that match this path; empty when no row matches it. */
  | { readonly allowed: readonly string[] };

interface Pattern<Row> {
  readonly row: Row;
  readonly methods: readonly string[];
  readonly segments: readonly string[];
}

/**
 * Finds rows by their paths: `:id` matches one segment, and `*id` at the end matches the rest. The first match wins.
 * Paths are case-sensitive and may have one trailing slash. A row for GET also matches HEAD.
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

/** Decodes a path segment; one that is not validly percent-encoded is taken literally. */
function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
