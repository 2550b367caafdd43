import type { Auth } from '../auth.ts';
import { type Clock, systemClock } from '../clock.ts';
import { ConflictError } from '../errors.ts';
import type { IssuedToken } from '../management/issue-token.ts';
import type { Principal } from '../principal.ts';
import { endingOf, listAll } from './list-all.ts';

/** What {@link limitTokens} allows. */
export interface TokenLimitOptions {
  /** The most tokens of one owner that work at a time, at least 1. */
  readonly perOwner: number;
  readonly clock?: Clock;
}

/**
 * Limits how many tokens an owner may have that work: also those that a token has issued, and keys that were exchanged
 * for one. What would be one too many is refused with `AUTH_CONFLICT`.
 *
 * The tokens are counted before a new one is made and once more after it, by what is stored: however many processes
 * make tokens at once, no caller gets one beyond the limit. Of several requests for the last place, all may be refused.
 * Tokens that exist already stay.
 *
 * @throws {TypeError} when the number is not a whole number from 1
 * @example
 * ```ts
 * import { createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
 * import { createTokenApi } from '@latchkey/auth-core/token-api';
 * import { limitTokens } from '@latchkey/auth-core/upkeep';
 *
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const auth = limitTokens(createAuth({ store: createMemoryTokenStore(), digestKey }), { perOwner: 20 });
 * export const api = createTokenApi(auth); // and all else that makes tokens
 * ```
 */
export function limitTokens<A extends LimitedAuth>(auth: A, { perOwner, clock = systemClock }: TokenLimitOptions): A {
  if (!Number.isSafeInteger(perOwner) || perOwner < 1)
    throw new TypeError('limitTokens: perOwner must be a whole number, at least 1');

  async function countWorking(owner: string): Promise<number> {
    const now = clock().getTime();
    let count = 0;
    for await (const token of listAll(auth, auth.operator(), { owner })) if (endingOf(token) > now) count += 1;
    return count;
  }

  async function make(by: Principal, owner: string, issue: () => Promise<IssuedToken>): Promise<IssuedToken> {
    // Whether a caller may ask about another owner is decided by `issue`.
    if (owner === by.owner && (await countWorking(owner)) >= perOwner) throw tooMany(owner, perOwner);
    const issued = await issue();
    const { id, owner: stored } = issued.record;
    if ((await countWorking(stored)) <= perOwner) return issued;
    await auth.revoke(id, auth.operator());
    throw tooMany(stored, perOwner);
  }

  const limited: Pick<Auth, 'issue' | 'exchange'> = {
    issue: (input, by) => make(by, input.owner ?? by.owner, () => auth.issue(input, by)),
    exchange: (input, by) => make(by, by.owner, () => auth.exchange(input, by)),
  };
  return { ...auth, ...limited };
}

type LimitedAuth = Pick<Auth, 'issue' | 'exchange' | 'list' | 'revoke' | 'operator'>;

function tooMany(owner: string, perOwner: number): ConflictError {
  return new ConflictError(
    `${owner} has ${perOwner} tokens that work, and no more are allowed. Revoke one that is not needed.`,
  );
}
