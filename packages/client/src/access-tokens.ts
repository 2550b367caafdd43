import { decodeJwt, type JWTPayload } from 'jose';

/** The credential for the Authorization header. */
export interface Credential {
  readonly token: string;
  /** It was made from the caller's token and can be made again. */
  readonly isRenewable: boolean;
}

/** Hands out the credential to send with each request. */
export interface Credentials {
  /** Aborting ends only this caller's wait; the exchange goes on for the others. */
  current(signal: AbortSignal | undefined): Promise<Credential | undefined>;
  /** Discards a credential that the server does not accept. */
  discard(credential: Credential): void;
}

/** Exchanges a personal access token for an access token; undefined when the server does not do that. */
export type Exchange = (personal: string) => Promise<string | undefined>;

/** A token that is sent as it is, or none. */
export function fixedCredentials(token: string | undefined): Credentials {
  const credential = token === undefined ? undefined : { token, isRenewable: false };
  return { current: async () => credential, discard: () => undefined };
}

/** A JWT with `token_type: "refresh"` is a personal access token, here as in Label Studio. */
export function isPersonalAccessToken(token: string): boolean {
  return readClaims(token)?.token_type === 'refresh';
}

/**
 * Keeps one access token for all requests and fetches the next one shortly before it expires. Requests that wait at the
 * same time share one fetch.
 */
export function createAccessTokens(personal: string, exchange: Exchange): Credentials {
  let held: { readonly credential: Credential; readonly staleAt: number } | undefined;
  let coming: Promise<Credential> | undefined;
  const itself: Credential = { token: personal, isRenewable: false };

  const fetchNext = async (): Promise<Credential> => {
    // Taken before the request is sent, so that the transfer time is not added to the token's lifetime.
    const askedAt = Date.now();
    const token = await exchange(personal);
    const credential = token === undefined ? itself : { token, isRenewable: true };
    held = { credential, staleAt: token === undefined ? Number.POSITIVE_INFINITY : askedAt + usableFor(token) };
    return credential;
  };

  return {
    current: async (signal) => {
      signal?.throwIfAborted();
      if (held !== undefined && Date.now() < held.staleAt) return held.credential;
      coming ??= fetchNext().finally(() => {
        coming = undefined;
      });
      return waitFor(coming, signal);
    },
    discard: (credential) => {
      if (held?.credential === credential) held = undefined;
    },
  };
}

/** The longest margin before the expiry of an access token, in milliseconds. */
const MARGIN = 30_000;

/**
 * How many milliseconds an access token can be used. Only the difference between the token's own times is used, so a
 * wrong local clock does not matter. A token without these times is requested again each time.
 */
function usableFor(token: string): number {
  const { iat, exp } = readClaims(token) ?? {};
  if (iat === undefined || exp === undefined) return 0;
  const life = (exp - iat) * 1000;
  return life - Math.min(MARGIN, life / 5);
}

function readClaims(token: string): JWTPayload | undefined {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}

async function waitFor<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
