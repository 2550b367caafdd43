import type { Auth, Meter } from '@latchkey/auth-core';

/** The parts of each example. The examples are one small server, in several frameworks. */
export interface AppParts {
  readonly auth: Auth;
  readonly meter: Meter;
  /** Accept HTTP Basic as well, with the token as the password. */
  readonly basic: boolean;
  /** The reverse proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: readonly string[];
  /** The purpose of the server. */
  readonly listModels: () => Promise<readonly string[]>;
  /** Long work that ends early when the signal fires. */
  readonly wait: (signal: AbortSignal) => Promise<string>;
}
