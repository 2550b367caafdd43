/** What one chat, or several, have used. Counts are whole numbers from 0. */
export interface UsageCounts {
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Calls that reached a tool. */
  readonly toolCalls: number;
}

/** Whose use it was, and of what. */
export interface UsageRecord extends UsageCounts {
  /** The root token of the caller's chain. */
  readonly rootId: string;
  readonly project: string | null;
  /** The model's key. */
  readonly model: string;
}

/** Takes note of what was used. It never throws and nobody waits for it. */
export type RecordUsage = (record: UsageRecord) => void;
