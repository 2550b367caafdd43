import type { Auth, Meter } from '@latchkey/auth-core';
import type { CredentialSource, GuestOptions } from '@latchkey/auth-core/http';

/** The parts of each example. The examples are one small server, in several frameworks. */
export interface AppParts {
  readonly auth: Auth;
  readonly meter: Meter;
  /** Accept HTTP Basic as well, with the token as the password. */
  readonly basic: boolean;
  /** The reverse proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: readonly string[];
  /** The places that a token is read from, if not the default ones. */
  readonly credentials?: readonly CredentialSource[];
  /** Whether requests without a token are accepted. */
  readonly guests?: GuestOptions;
  /** Hears of errors. */
  readonly failed: (error: unknown) => void;
  /** The purpose of the server. */
  readonly listModels: () => Promise<readonly string[]>;
  /** Long work that ends early when the signal fires. */
  readonly wait: (signal: AbortSignal) => Promise<string>;
}
