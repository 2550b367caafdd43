import { InvalidTokenError } from '../errors.ts';
import type { TokenRecord, TokenStore } from '../store/token-store.ts';

/** No token has this id: the ids of all kinds hold nothing but letters, digits, dots and underscores. */
const ABSENT = '-';

/** Runs what proves a token with a store of its own; see {@link createEvenRefusals}. */
export type EvenRefusals = <T>(prove: (find: TokenStore['find']) => Promise<T>) => Promise<T>;

/**
 * Creates what makes refusals alike. A record that is there takes longer to be read than one that is not; so whoever is
 * told that a token is not known has caused one look into the store of each sort, and cannot tell from the time whether
 * the id exists.
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
      if (looked && error instanceof InvalidTokenError && error.code === 'AUTH_TOKEN_UNKNOWN') {
        await store.find(found === undefined ? known : ABSENT);
      }
      throw error;
    }
  };
}
