/** The table of usage by day. */
export interface UsageTables {
  usage_days: UsageDaysTable;
}

export interface UsageDaysTable {
  /** UTC, `2026-01-31`. */
  day: string;
  root_id: string;
  /** Empty for no project: columns of a key are never null. */
  project: string;
  model: string;
  requests: number;
  input_tokens: number;
  output_tokens: number;
  tool_calls: number;
  /** Billionths of the currency; null in rows from before the column. */
  cost: number | null;
}
