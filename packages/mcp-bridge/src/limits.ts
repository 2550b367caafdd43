/** The time and space limits of a server. Times are in milliseconds, sizes in bytes unless noted otherwise. */
export interface McpLimits {
  /** From the start of a server until its tools are listed. `npx` may have to download first. */
  readonly startTimeoutMs: number;
  /**
   * How long the list of a server's tools is used by further requests. A server that reports changes is asked when it
   * does, and one that refused a call at the next request.
   */
  readonly listMs: number;
  /** How long a call may be silent: no result and no progress. */
  readonly callTimeoutMs: number;
  /** How long a call may take in total, including waiting for its turn and progress. */
  readonly callTotalTimeoutMs: number;
  /** How long a child process may take to exit by itself, and again after SIGTERM, before it is killed. */
  readonly closeGraceMs: number;
  /** How long a server may be unused before it is stopped; the next use starts it again. */
  readonly idleStopMs: number;
  /** Calls in flight on one server; more wait for their turn. */
  readonly concurrentCallsPerServer: number;
  /** The size of one message of a server, or one HTTP response; the call fails whose answer is larger. */
  readonly messageBytes: number;
  /** The content of one result as the API shows it; more is replaced by a visible mark. */
  readonly resultBytes: number;
  /**
   * The text of one result that the model reads, in tokens of three UTF-8 bytes each; more is replaced by a visible
   * mark.
   */
  readonly resultTokens: number;
}

export const defaultLimits: McpLimits = {
  startTimeoutMs: 30_000,
  listMs: 5_000,
  callTimeoutMs: 60_000,
  callTotalTimeoutMs: 300_000,
  closeGraceMs: 2_000,
  idleStopMs: 600_000,
  concurrentCallsPerServer: 32,
  messageBytes: 8 * 1024 * 1024,
  resultBytes: 4 * 1024 * 1024,
  resultTokens: 25_000,
};

/** The longest time that a timer can measure; a longer one would fire at once. */
const maxLimit = 2 ** 31 - 1;

/** Applies the operator's values to the defaults. @throws TypeError for an invalid limit. */
export function resolveLimits(given: Partial<McpLimits> = {}): McpLimits {
  const limits = { ...defaultLimits, ...given };
  for (const [name, value] of Object.entries(limits)) {
    if (!(value > 0 && value <= maxLimit))
      throw new TypeError(`limits.${name} must be above 0 and at most ${maxLimit}`);
  }
  return limits;
}

const ownLimits = ['startTimeoutMs', 'callTimeoutMs', 'callTotalTimeoutMs', 'messageBytes', 'resultBytes'] as const;

/** The limits of one server: those that its entry sets, otherwise the host's. */
export function limitsOf(entry: Partial<Pick<McpLimits, (typeof ownLimits)[number]>>, limits: McpLimits): McpLimits {
  const own = ownLimits.flatMap((name) => (entry[name] === undefined ? [] : [[name, entry[name]] as const]));
  return { ...limits, ...Object.fromEntries(own) };
}
