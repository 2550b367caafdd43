import type { UsageCounts } from '../contracts/usage-record.ts';
import type { UsageGroup, UsageRange, UsageStore } from './kysely-usage-store.ts';
import { addCounts, NOTHING_USED } from './usage-counts.ts';

/** What to read, and what the reader may see. */
export interface UsageQuery {
  readonly range: UsageRange;
  readonly group: UsageGroup;
  readonly seesToken: (rootId: string) => Promise<boolean>;
  readonly seesProject: (project: string | null) => boolean;
}

/** The sums for each value of the group, in order, and their totals. */
export interface UsageReport {
  readonly rows: readonly UsageRow[];
  readonly totals: UsageCounts;
}

export interface UsageRow extends UsageCounts {
  /** A day, a root token's id, a project, or a model's key; null for no project. */
  readonly value: string | null;
}

/** How many tokens are queried at once: databases limit the parameters of a statement. */
const PAGE = 500;

/** Sums the usage that the reader may see. Other usage is not part of any sum. */
export async function readUsage(
  store: Pick<UsageStore, 'rootIds' | 'sum'>,
  { range, group, seesToken, seesProject }: UsageQuery,
): Promise<UsageReport> {
  const rootIds: string[] = [];
  for (const id of await store.rootIds(range)) if (await seesToken(id)) rootIds.push(id);
  const sums = new Map<string, UsageCounts>();
  for (let start = 0; start < rootIds.length; start += PAGE) {
    for (const { project, value, ...counts } of await store.sum(range, group, rootIds.slice(start, start + PAGE))) {
      if (seesProject(project)) sums.set(value, addCounts(sums.get(value) ?? NOTHING_USED, counts));
    }
  }
  const rows = [...sums]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([value, counts]) => ({ value: group === 'project' && value === '' ? null : value, ...counts }));
  return { rows, totals: rows.reduce<UsageCounts>(addCounts, NOTHING_USED) };
}
