/** The table in which use is counted by day. */
export interface UsageTables {
  usage_days: UsageDaysTable;
}

export interface UsageDaysTable {
  /** UTC, `2026-01-31`. */
  day: string;
  root_id: string;
  /** Empty for none: what is part of a key is never null. */
  project: string;
  model: string;
  requests: number;
  input_tokens: number;
  output_tokens: number;
  tool_calls: number;
}
