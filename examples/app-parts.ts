import type { Auth, Meter } from '@latchkey/auth-core';

/** What each of the examples is made of. They are one and the same small server, in several frameworks. */
export interface AppParts {
  readonly auth: Auth;
  readonly meter: Meter;
  /** Take HTTP Basic as well, the password being the token. */
  readonly basic: boolean;
  /** The reverse proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  /** What the server is there for. */
  readonly listModels: () => Promise<readonly string[]>;
  /** Work that takes long, and ends early when the signal fires. */
  readonly wait: (signal: AbortSignal) => Promise<string>;
}
