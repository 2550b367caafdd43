import type { Grant, GrantLimits } from '../authority/grant.ts';
import type { Vocabulary, Words } from '../authority/vocabulary.ts';
import { parseIpAddress } from '../matching/ip-address.ts';
import type { Principal } from '../principal.ts';

/** What is known of callers without a token. */
export interface GuestOptions<W extends Words = Words> {
  /**
   * Limits of each address, which the meter counts: an IPv4 address as it is, IPv6 addresses by their first 64 bits,
   * since one subscriber has all of those. Guests whose address is unknown share one count. Absent: guests are not
   * counted.
   */
  readonly limits?: GrantLimits<W>;
}

/** No id of a token holds a colon. */
const PREFIX = 'guest:';

/**
 * Whether a caller is a guest: one that has presented no token, where the option `guests` accepts that. A guest has no
 * authority.
 *
 * @example
 * ```ts
 * import { isGuest, type RequestAuth } from '@latchkey/auth-core/http';
 *
 * export function greet({ principal }: RequestAuth): string {
 *   return isGuest(principal) ? 'Hello' : `Hello, ${principal.name}`;
 * }
 * ```
 */
export function isGuest({ id }: Pick<Principal, 'id'>): boolean {
  return id.startsWith(PREFIX);
}

/**
 * Creates the function that makes the guest at an address.
 *
 * @throws {AuthError} `AUTH_GRANT_INVALID` when the limits are not those of the vocabulary
 */
export function createGuests<W extends Words>(
  vocabulary: Vocabulary<W>,
  { limits }: GuestOptions<W>,
): (address: string | undefined) => Principal {
  const nothing = { actions: [], ...(limits !== undefined && { limits }) } as unknown as Grant<W>;
  const grant = vocabulary.parseGrant(nothing, { at: 'guests' });
  return function guestAt(address) {
    const id = PREFIX + bucketOf(address);
    return Object.freeze({
      id,
      kind: 'anonymous',
      name: 'guest',
      owner: 'guest',
      rootId: id,
      tokenId: id,
      chain: Object.freeze([id]),
      authority: Object.freeze([Object.freeze({ grant, source: 'guests', id })]),
    });
  };
}

/** What the requests of an address are counted under. */
function bucketOf(address: string | undefined): string {
  const parsed = address === undefined ? undefined : parseIpAddress(address);
  if (parsed === undefined) return 'unknown';
  const { bits, value } = parsed;
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
  return `${[112n, 96n, 80n, 64n].map((shift) => ((value >> shift) & 0xffffn).toString(16)).join(':')}::/64`;
}
