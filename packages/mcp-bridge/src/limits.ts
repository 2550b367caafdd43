/** How much time and room a server gets. Times are in milliseconds, sizes in bytes unless said otherwise. */
export interface McpLimits {
  /** From the start of a server until its tools are listed. `npx` may have to download first. */
  readonly startTimeoutMs: number;
  /** How long a call may be silent: no result and no progress. */
  readonly callTimeoutMs: number;
  /** How long a call may take in all, waiting for its turn and progress included. */
  readonly callTotalTimeoutMs: number;
  /** How long a child process gets to end by itself, and again after SIGTERM, before it is killed. */
  readonly closeGraceMs: number;
  /** How long nobody may have used a server before it is stopped; the next use starts it again. */
  readonly idleStopMs: number;
  /** Calls in flight on one server; more wait for their turn. */
  readonly concurrentCallsPerServer: number;
  /** One message of a server, or one HTTP response; a server that sends more is cut off. */
  readonly messageBytes: number;
  /** The content of one result as the API shows it; more is replaced by a visible mark. */
  readonly resultBytes: number;
  /**
   * The text of one result that the model reads, in tokens, taken to be three bytes of UTF-8 each; more is replaced by
   * a visible mark.
   */
  readonly resultTokens: number;
}

export const defaultLimits: McpLimits = {
  startTimeoutMs: 30_000,
  callTimeoutMs: 60_000,
  callTotalTimeoutMs: 300_000,
  closeGraceMs: 2_000,
  idleStopMs: 600_000,
  concurrentCallsPerServer: 32,
  messageBytes: 8 * 1024 * 1024,
  resultBytes: 1024 * 1024,
  resultTokens: 25_000,
};

/** The longest time that a timer can measure; a longer one would be over at once. */
const maxLimit = 2 ** 31 - 1;

/** Defaults with what the operator set. @throws TypeError for a limit that can't be kept. */
export function resolveLimits(given: Partial<McpLimits> = {}): McpLimits {
  const limits = { ...defaultLimits, ...given };
  for (const [name, value] of Object.entries(limits)) {
    if (!(value > 0 && value <= maxLimit))
      throw new TypeError(`limits.${name} must be above 0 and at most ${maxLimit}`);
  }
  return limits;
}
