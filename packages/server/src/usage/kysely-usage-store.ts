import { type Kysely, sql } from 'kysely';
import type { UsageCounts, UsageRecord } from '../contracts/usage-record.ts';
import type { UsageDaysTable, UsageTables } from './schema.ts';

/** The usage of one day. */
export interface DailyUsage extends UsageRecord {
  /** UTC, `2026-01-31`. */
  readonly day: string;
}

/** The days to read, such as `2026-01-31`, both inclusive. */
export interface UsageRange {
  readonly from: string;
  readonly to: string;
}

/** The column by which sums are grouped. */
export type UsageGroup = 'day' | 'token' | 'project' | 'model';

/** The sums of one root token in one project for one value of the group. */
export interface UsageSum extends UsageCounts {
  readonly rootId: string;
  readonly project: string | null;
  readonly value: string;
}

/** Stores usage. */
export interface UsageStore {
  /** Adds to the stored counts, all or nothing; safe with concurrent writers. */
  add(records: readonly DailyUsage[]): Promise<void>;
  /** The root tokens with usage in the range. */
  rootIds(range: UsageRange): Promise<readonly string[]>;
  /** The sums of these root tokens. */
  sum(range: UsageRange, group: UsageGroup, rootIds: readonly string[]): Promise<readonly UsageSum[]>;
}

const COLUMNS = { day: 'day', token: 'root_id', project: 'project', model: 'model' } as const;

/** Stores usage in an SQL database. */
export function createKyselyUsageStore(db: Kysely<UsageTables>): UsageStore {
  return {
    add: async (records) => {
      // A consistent order of the rows avoids deadlocks between concurrent writers.
      const rows = records.map(toRow).toSorted((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
      await db.transaction().execute(async (transaction) => {
        for (const row of rows) {
          await transaction
            .insertInto('usage_days')
            .values(row)
            .onConflict((conflict) =>
              conflict.columns(['day', 'root_id', 'project', 'model']).doUpdateSet(({ eb }) => ({
                requests: eb('usage_days.requests', '+', row.requests),
                input_tokens: eb('usage_days.input_tokens', '+', row.input_tokens),
                output_tokens: eb('usage_days.output_tokens', '+', row.output_tokens),
                tool_calls: eb('usage_days.tool_calls', '+', row.tool_calls),
                cost: sql<number>`coalesce(usage_days.cost, 0) + ${row.cost}`,
              })),
            )
            .execute();
        }
      });
    },

    rootIds: async ({ from, to }) => {
      const rows = await db
        .selectFrom('usage_days')
        .select('root_id')
        .distinct()
        .where('day', '>=', from)
        .where('day', '<=', to)
        .execute();
      return rows.map((row) => row.root_id);
    },

    sum: async ({ from, to }, group, rootIds) => {
      const column = COLUMNS[group];
      const rows = await db
        .selectFrom('usage_days')
        .select((eb) => [
          'root_id',
          'project',
          eb.ref(column).as('value'),
          eb.fn.sum('requests').as('requests'),
          eb.fn.sum('input_tokens').as('input_tokens'),
          eb.fn.sum('output_tokens').as('output_tokens'),
          eb.fn.sum('tool_calls').as('tool_calls'),
          eb.fn.sum('cost').as('cost'),
        ])
        .where('day', '>=', from)
        .where('day', '<=', to)
        .where('root_id', 'in', rootIds)
        .groupBy(['root_id', 'project', column])
        .execute();
      return rows.map((row) => ({
        rootId: row.root_id,
        project: row.project === '' ? null : row.project,
        value: row.value,
        // PostgreSQL returns sums of large integers as text.
        requests: Number(row.requests),
        inputTokens: Number(row.input_tokens),
        outputTokens: Number(row.output_tokens),
        toolCalls: Number(row.tool_calls),
        cost: Number(row.cost ?? 0),
      }));
    },
  };
}

const toRow = (record: DailyUsage): UsageDaysTable => ({
  day: record.day,
  root_id: record.rootId,
  project: record.project ?? '',
  model: record.model,
  requests: record.requests,
  input_tokens: record.inputTokens,
  output_tokens: record.outputTokens,
  tool_calls: record.toolCalls,
  cost: record.cost,
});

const keyOf = (row: UsageDaysTable): string => JSON.stringify([row.day, row.root_id, row.project, row.model]);
