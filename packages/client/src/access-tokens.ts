import { decodeJwt, type JWTPayload } from 'jose';

/** What stands in the Authorization header. */
export interface Credential {
  readonly token: string;
  /** It was made from the caller's own and can be made again. */
  readonly isRenewable: boolean;
}

/** Hands out the credential to send with each request. */
export interface Credentials {
  /** Who aborts waits no longer; what he waited for goes on for the others. */
  current(signal: AbortSignal | undefined): Promise<Credential | undefined>;
  /** A server does not take it. */
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
 * Keeps one access token for all requests and fetches the next one shortly before its end, once for however many
 * requests wait for it.
 */
export function createAccessTokens(personal: string, exchange: Exchange): Credentials {
  let held: { readonly credential: Credential; readonly staleAt: number } | undefined;
  let coming: Promise<Credential> | undefined;
  const itself: Credential = { token: personal, isRenewable: false };

  const fetchNext = async (): Promise<Credential> => {
    // From before the server has made it: the way here is never counted as life.
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

/** The longest margin before the end of an access token, in milliseconds. */
const MARGIN = 30_000;

/**
 * For how many milliseconds. Only the difference of its own times counts, so that a clock here that is wrong does not
 * matter. A token that does not say it is asked for each time.
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
