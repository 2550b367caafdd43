import { type Principal, type Revocation, StoreUnavailableError } from '@latchkey/auth-core';
import type { Auth } from '@latchkey/auth-core/llm';
import { json, type Reply } from './reply.ts';

/** How long a store may take before what was known a moment ago decides. */
const PATIENCE_MILLISECONDS = 500;

const NOT_STORED =
  'The token is denied on this server from now on, and everything that was derived from it. It is not stored yet: that ' +
  'is tried until the database takes it, and other servers on the same database may accept the token until then.';

/** Answers for a revocation: 200 once it is stored, 202 while it only counts here. */
export function answerRevocation(revocation: Revocation, beside: object = {}): Reply {
  const body = { ...describeRevocation(revocation), ...beside };
  return revocation.stored ? json(body) : answerNotStored(body);
}

/** What is told of a token that was ended: all that is known of it, and whether the end is stored. */
export function describeRevocation({ token, ...revocation }: Revocation): object {
  return { ...token, ...revocation };
}

/** Answers that it counts here, and is not stored yet. */
export const answerNotStored = (body: object): Reply => json({ ...body, stored: false, message: NOT_STORED }, 202);

/** Who presents a token that is to be ended: as it is verified, or as it was within the last minute while nobody can say. */
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

/** What a call answers; undefined when the store does not. */
export async function unlessAway<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await inTime(call);
  } catch (error) {
    if (error instanceof StoreUnavailableError) return undefined;
    throw error;
  }
}

/** What does not answer in time is a store that does not answer. */
export async function inTime<T>(call: () => Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new StoreUnavailableError('there was no answer in time')),
    PATIENCE_MILLISECONDS,
  );
  return Promise.race([call(), late]).finally(() => clearTimeout(timer));
}
