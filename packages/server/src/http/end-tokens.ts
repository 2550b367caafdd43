import { type Principal, type Revocation, StoreUnavailableError } from '@latchkey/auth-core';
import type { Auth } from '@latchkey/auth-core/llm';
import { json, type Reply } from './reply.ts';

/** How long to wait for the store before the principals that were verified recently are used instead. */
const PATIENCE_MILLISECONDS = 500;

const NOT_STORED =
  'The token is denied on this server from now on, and everything that was derived from it. It is not stored yet: that ' +
  'is tried until the database takes it, and other servers on the same database may accept the token until then.';

/** Answers a revocation: 200 once it is stored, 202 while it is effective in this process only. */
export function answerRevocation(revocation: Revocation, beside: object = {}): Reply {
  const body = { ...describeRevocation(revocation), ...beside };
  return revocation.stored ? json(body) : answerNotStored(body);
}

/** Describes a revocation: what is known of the token, and whether the revocation is stored. */
export function describeRevocation({ token, ...revocation }: Revocation): object {
  return { ...token, ...revocation };
}

/** Answers that the revocation is effective here, and not stored yet. */
export const answerNotStored = (body: object): Reply => json({ ...body, stored: false, message: NOT_STORED }, 202);

/**
 * The principal of a token to revoke: verified now, or, while the store is unavailable, as verified within the last
 * minute.
 */
export async function recallOr(
  auth: Pick<Auth, 'recall'>,
  token: string,
  verify: () => Promise<Principal>,
): Promise<Principal> {
  try {
    return await inTime(verify);
  } catch (error) {
    const known = error instanceof StoreUnavailableError ? await auth.recall(token) : undefined;
    if (known === undefined) throw error;
    return known;
  }
}

/** The result of a call; undefined when the store does not answer. */
export async function unlessAway<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await inTime(call);
  } catch (error) {
    if (error instanceof StoreUnavailableError) return undefined;
    throw error;
  }
}

/** Runs a call with a timeout; a store that does not answer in time counts as unavailable. */
export async function inTime<T>(call: () => Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new StoreUnavailableError('there was no answer in time')),
    PATIENCE_MILLISECONDS,
  );
  return Promise.race([call(), late]).finally(() => clearTimeout(timer));
}
