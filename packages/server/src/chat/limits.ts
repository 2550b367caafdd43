/** Bounds of one chat request. */
export interface ChatLimits {
  /** Rounds in which the model may call tools; one more without tools follows. */
  readonly rounds: number;
  /** Tool calls, all rounds together. */
  readonly toolCalls: number;
  /** Generated tokens, all rounds together; absent: as much as the context holds. */
  readonly outputTokens?: number;
}

/** The least of the limits that are there. */
export function least(...limits: readonly (number | undefined)[]): number | undefined {
  const present = limits.filter((limit) => limit !== undefined);
  return present.length === 0 ? undefined : Math.min(...present);
}
