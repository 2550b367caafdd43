import type { ReadHeader } from '@latchkey/auth-core/http';
import type { ApiDialect } from '../contracts/api-dialect.ts';
import type { Route } from './route.ts';

/** Finds the dialect in which an error at a path is rendered. */
export type DialectOf = (path: string, header?: ReadHeader) => ApiDialect;

type Row = Pick<Route, 'path' | 'dialect' | 'shared'>;

/**
 * Chooses the dialect for an error at a path, whether a route exists there or not: that of the route that shares the
 * most leading segments with it.
 */
export function createDialectOf(routes: readonly Row[], otherwise: ApiDialect): DialectOf {
  const rows = routes.map(({ path, ...row }) => ({ segments: segmentsOf(path), ...row }));
  return (path, header = () => []) => {
    const segments = segmentsOf(path.slice(0, 256));
    let best = otherwise;
    let most = 0;
    for (const row of rows) {
      const shared = sharedSegments(row.segments, segments);
      if (shared <= most) continue;
      most = shared;
      best = row.shared !== undefined && header(row.shared.header).length > 0 ? row.shared.dialect : row.dialect;
    }
    return best;
  };
}

const segmentsOf = (path: string): readonly string[] => path.split('/').filter((segment) => segment !== '');

function sharedSegments(one: readonly string[], other: readonly string[]): number {
  const length = one.findIndex((segment, index) => segment !== other[index]);
  return length === -1 ? one.length : length;
}
