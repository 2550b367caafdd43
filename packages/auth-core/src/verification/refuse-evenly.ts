import { hasCode } from '../errors.ts';
import type { TokenRecord, TokenStore } from '../token/token-store.ts';

/** No token has this id: ids of all kinds consist of letters, digits, dots and underscores. */
const ABSENT = '-';

/** Runs the proof of a token with a `find` of its own; see {@link createEvenRefusals}. */
export type EvenRefusals = <T>(prove: (find: TokenStore['find']) => Promise<T>) => Promise<T>;

/**
 * Creates constant-work refusals. Reading an existing record takes longer than a lookup that finds nothing. So every
 * refusal of an unknown token costs one lookup that finds a record and one that does not, and its time does not reveal
 * whether the id exists.
 */
export function createEvenRefusals(store: Pick<TokenStore, 'find'>): EvenRefusals {
  let known = ABSENT;
  return async function refuseEvenly(prove) {
    let found: TokenRecord | undefined;
    let looked = false;
    try {
      return await prove(async (id) => {
        looked = true;
        const record = await store.find(id);
        if (record !== undefined) known = id;
        found ??= record;
        return record;
      });
    } catch (error) {
      if (looked && hasCode(error, 'AUTH_TOKEN_UNKNOWN')) {
        await store.find(found === undefined ? known : ABSENT);
      }
      throw error;
    }
  };
}
