/** Bounds of one chat request. */
export interface ChatLimits {
  /** Rounds in which the model may call tools; one more round without tools follows. */
  readonly rounds: number;
  /** Tool calls, over all rounds. */
  readonly toolCalls: number;
  /** Generated tokens, over all rounds; absent: as many as fit into the context. */
  readonly outputTokens?: number;
}

/** The smallest of the limits that are set. */
export function least(...limits: readonly (number | undefined)[]): number | undefined {
  const present = limits.filter((limit) => limit !== undefined);
  return present.length === 0 ? undefined : Math.min(...present);
}
