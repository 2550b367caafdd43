/** The usage of one or more chats. Counts are whole numbers of 0 or more. */
export interface UsageCounts {
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Calls that reached a tool. */
  readonly toolCalls: number;
  /** What it cost, in billionths of the currency of the prices. */
  readonly cost: number;
}

/** Usage with its token, project and model. */
export interface UsageRecord extends UsageCounts {
  /** The root token of the caller's chain. */
  readonly rootId: string;
  readonly project: string | null;
  /** The model's key. */
  readonly model: string;
}

/** Records usage. Never throws, and is not awaited. */
export type RecordUsage = (record: UsageRecord) => void;
