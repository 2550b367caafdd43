import type { Decision } from '@latchkey/auth-core/llm';

/** Bounds of one chat request. */
export interface ChatLimits {
  /** Rounds in which the model may call tools; one more round without tools follows. */
  readonly rounds: number;
  /** Tool calls, over all rounds. */
  readonly toolCalls: number;
  /** Generated tokens, over all rounds; absent: as many as fit into the context. */
  readonly outputTokens?: number;
}

/**
 * With more tools than this, a search stands in their place; undefined: never. A request may search more often than its
 * token and the server say, and less often than the server alone.
 *
 * @param asked what the request says
 * @param usual what the server says
 */
export function searchAbove(
  decision: Decision,
  asked: boolean | undefined,
  usual: number | undefined,
): number | undefined {
  const wanted = asked === undefined ? usual : asked ? 0 : undefined;
  return least(decision.allowed ? decision.limits?.toolSearchAbove : undefined, wanted);
}

/** The smallest of the limits that are set. */
export function least(...limits: readonly (number | undefined)[]): number | undefined {
  const present = limits.filter((limit) => limit !== undefined);
  return present.length === 0 ? undefined : Math.min(...present);
}
