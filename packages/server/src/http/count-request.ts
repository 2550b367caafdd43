import type { Principal } from '@latchkey/auth-core';
import type { Meter } from '@latchkey/auth-core/llm';

/**
 * Counts a request against the limits of the token in its body, as `limitRequests` does for a token in a header. Throws
 * `AUTH_LIMIT_EXCEEDED` or `AUTH_STORE_UNAVAILABLE` before `work` is called.
 */
export async function countRequest<T>(
  meter: Pick<Meter, 'admit'>,
  principal: Principal,
  work: () => Promise<T>,
): Promise<T> {
  await using _admission = await meter.admit(principal);
  return await work();
}
