import type { Auth } from '../auth.ts';
import type { AuthorityEntry } from '../authority/authority.ts';
import type { AccessRequest, Decision, DeniedDecision } from '../authority/decision.ts';
import type { Words } from '../authority/vocabulary.ts';
import { isStoreFailure } from '../errors.ts';
import { patiently } from '../patiently.ts';
import type { Principal } from '../principal.ts';
import { requirePart } from '../require-part.ts';
import { createClientAddress } from './client-address.ts';
import { type CredentialSource, createCredentialReader } from './credential-sources.ts';
import { createGuests, type GuestOptions } from './guests.ts';
import type { PresentedRequest } from './presented-request.ts';
import { readCredential } from './read-credential.ts';
import { readProject } from './read-project.ts';

/** What {@link createRequestAuthenticator} works with. */
export interface RequestAuthenticatorOptions<W extends Words = Words> {
  readonly auth: Pick<Auth<W>, 'vocabulary' | 'verify' | 'decide' | 'selectProject' | 'requireTimeAndPlace' | 'recall'>;
  /**
   * The principal of every caller while authentication is switched off. No credential is read then, not even a wrong
   * one. Absent: authentication is on.
   */
  readonly optional?: Principal;
  /**
   * Accept HTTP Basic as well, with the token as the password, for proxies that support nothing else. Off by default.
   */
  readonly basic?: boolean;
  /**
   * The places that a token is read from, in order of precedence. By default they are `Authorization: Bearer`,
   * `Authorization: Token` and `AuthNames.keyHeader`, and two different tokens are refused.
   */
  readonly credentials?: readonly CredentialSource[];
  /**
   * Accepts requests without a token, as guests: callers without authority, for routes that anyone may use and that
   * know their caller where there is a token. A wrong token is still refused, and a required action refuses each guest
   * with `AUTH_TOKEN_MISSING`. Absent: a token is required.
   */
  readonly guests?: GuestOptions<W>;
  /** The reverse proxies whose `X-Forwarded-For` is trusted; none by default. See {@link createClientAddress}. */
  readonly trustedProxies?: readonly string[];
  /**
   * Accepts a caller also outside the times and networks of its grants. For a route that only ends the caller's own
   * token, so that a found token can be ended from anywhere. Off by default.
   */
  readonly anywhere?: boolean;
  /**
   * Accepts a caller that was verified within the last minute while the store fails, or does not answer within half a
   * second. For a route that only ends tokens, since that must not wait for the store. Off by default.
   */
  readonly recall?: boolean;
}

const PATIENCE_MILLISECONDS = 500;

/** An authenticated request: its caller, and the decisions for it. */
export interface RequestAuth<W extends Words = Words> {
  /** The principal as last verified. */
  readonly principal: Principal;
  /** The client's IP address: the peer of the connection, or the address that a trusted proxy forwarded. */
  readonly address?: string;
  /**
   * Decides a request of this caller from this address, by the grants as last verified. Entries of the request itself
   * can only narrow. Once `reverify` has rejected, everything is denied: permanently when the caller was refused, and
   * until `reverify` succeeds when the store did not answer.
   */
  decide(request: AccessRequest<W>, entries?: readonly AuthorityEntry[]): Decision<W>;
  /**
   * Verifies the credential of the request again, for a long-running request. From then on `decide` uses the grants as
   * they are now. The credential itself stays hidden.
   *
   * @throws {AuthError} as the first time; once the caller was refused, every later call rejects with the same error
   */
  readonly reverify: () => Promise<Principal>;
}

/** Authenticates a request, or rejects. */
export type RequestAuthenticator<W extends Words = Words> = (request: PresentedRequest) => Promise<RequestAuth<W>>;

/**
 * Creates the function with which every adapter authenticates a request. It reads the credential from the header fields
 * (see {@link readCredential}), verifies it, and selects the project that the request names
 * (`AuthNames.projectHeader`).
 *
 * The function rejects with an `AuthError`: `AUTH_TOKEN_*`; `AUTH_PERMISSION_DENIED` for a project that the token may
 * not use, and outside the times or networks that the caller's grants allow; `AUTH_INPUT_INVALID` when the project is
 * not a valid name; `AUTH_STORE_UNAVAILABLE`. On any rejection, refuse the request.
 *
 * @throws {TypeError} when a trusted proxy is neither an address nor a range
 * @example
 * ```ts
 * import { createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
 * import { createRequestAuthenticator } from '@latchkey/auth-core/http';
 *
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const auth = createAuth({ store: createMemoryTokenStore(), digestKey });
 * const authenticate = createRequestAuthenticator({ auth });
 *
 * export async function answer(request: Request): Promise<Response> {
 *   const caller = await authenticate({
 *     header: (name) => [request.headers.get(name) ?? []].flat(),
 *   });
 *   return Response.json({ hello: caller.principal.name });
 * }
 * ```
 */
export function createRequestAuthenticator<W extends Words>({
  auth,
  optional,
  basic = false,
  credentials,
  guests,
  trustedProxies,
  anywhere = false,
  recall = false,
}: RequestAuthenticatorOptions<W>): RequestAuthenticator<W> {
  requirePart('createRequestAuthenticator', 'auth', auth, ['verify', 'decide', 'selectProject']);
  const guestAt = guests === undefined ? undefined : createGuests(auth.vocabulary, guests);
  const read = credentials === undefined ? readDefault : createCredentialReader(credentials);
  if (credentials !== undefined && basic)
    throw new TypeError("with the option 'credentials', name Basic among its schemes");

  function readDefault({ header }: PresentedRequest): string | undefined {
    return readCredential(header, { basic, keyHeader });
  }

  const { keyHeader, projectHeader } = auth.vocabulary.names;
  const clientAddress = createClientAddress(trustedProxies);

  async function verifyOrRecall(credential: string | undefined, address: string | undefined): Promise<Principal> {
    if (!recall) return auth.verify(credential, { address });
    try {
      return await patiently(() => auth.verify(credential, { address }), PATIENCE_MILLISECONDS);
    } catch (error) {
      const known = isStoreFailure(error) ? await auth.recall(credential) : undefined;
      if (known === undefined) throw error;
      return known;
    }
  }

  return async function authenticate(request) {
    const { header, peer } = request;
    const credential = optional === undefined ? read(request) : undefined;
    const address = clientAddress(header, peer);
    const guest = optional === undefined && credential === undefined ? guestAt?.(address) : undefined;
    const verify = async (): Promise<Principal> => {
      const caller = optional ?? (await verifyOrRecall(credential, address));
      if (!anywhere) auth.requireTimeAndPlace(caller, { address });
      const project = readProject(header, projectHeader);
      return project === undefined ? caller : auth.selectProject(caller, project);
    };
    const look = guest === undefined ? verify : async () => guest;
    let newest = await look();
    let failure: { readonly cause: unknown } | undefined;

    const decide: RequestAuth<W>['decide'] = (request, entries) =>
      failure === undefined
        ? auth.decide(newest, request, { address, entries })
        : denyUnverified(newest, failure.cause);
    const reverify = async (): Promise<Principal> => {
      try {
        const again = await look();
        if (isFinal(failure)) throw failure.cause;
        newest = again;
        failure = undefined;
        return newest;
      } catch (cause) {
        if (!isFinal(failure)) failure = { cause };
        throw failure.cause;
      }
    };
    const caller = {
      get principal() {
        return newest;
      },
      decide,
      reverify,
    };
    return address === undefined ? caller : Object.assign(caller, { address });
  };
}

/** A refusal is final for this request. A store failure is not: the store may answer again. */
function isFinal(failure: { readonly cause: unknown } | undefined): failure is { readonly cause: unknown } {
  return failure !== undefined && !isStoreFailure(failure.cause);
}

function denyUnverified({ name, authority }: Principal, cause: unknown): DeniedDecision {
  const reason = isStoreFailure(cause)
    ? 'whether the token still counts cannot be looked up'
    : 'the token was refused when it was verified again';
  return { allowed: false, grant: authority.length, source: `token ${name}`, rule: 'authority', reason };
}
