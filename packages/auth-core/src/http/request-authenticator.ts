import type { Auth } from '../auth.ts';
import type { AuthorityEntry } from '../authority/authority.ts';
import type { AccessRequest, Decision, DeniedDecision } from '../authority/decision.ts';
import type { Words } from '../authority/vocabulary.ts';
import { StoreUnavailableError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import { requirePart } from '../require-part.ts';
import { patiently } from '../store/patiently.ts';
import { createClientAddress } from './client-address.ts';
import { readCredential } from './read-credential.ts';
import type { ReadHeader } from './read-header.ts';
import { readProject } from './read-project.ts';

/** What {@link createRequestAuthenticator} works with. */
export interface RequestAuthenticatorOptions<W extends Words = Words> {
  readonly auth: Pick<Auth<W>, 'verify' | 'decide' | 'selectProject' | 'requireTimeAndPlace' | 'recall'>;
  /**
   * Who everybody is while authentication is switched off. No credential is read then, not even a wrong one. Absent:
   * authentication is on.
   */
  readonly optional?: Principal;
  /** Take HTTP Basic as well, the password being the token, for reverse proxies that know nothing else. Off by default. */
  readonly basic?: boolean;
  /** The reverse proxies whose `X-Forwarded-For` is believed; none by default. See {@link createClientAddress}. */
  readonly trustedProxies?: readonly string[];
  /**
   * Lets a caller in whose grants name another time or other networks: for a route that does nothing but end the
   * caller's own token, so that it can be ended wherever it was found. Off by default.
   */
  readonly anywhere?: boolean;
  /**
   * Takes a caller that was verified within the last minute while the store does not answer, or not within half a second:
   * for a route that ends tokens and does nothing else, since that must not wait for the store. Off by default.
   */
  readonly recall?: boolean;
}

const PATIENCE_MILLISECONDS = 500;

/** A request as far as it says who asks. */
export interface PresentedRequest {
  readonly header: ReadHeader;
  /** The IP address at the other end of the connection. */
  readonly peer?: string | undefined;
}

/** Who asks. */
export interface RequestAuth<W extends Words = Words> {
  /** As it was verified last. */
  readonly principal: Principal;
  /** The client's IP address: the other end of the connection, or what a trusted proxy says. */
  readonly address?: string;
  /**
   * Decides a request of this caller from this address, by the grants as they were verified last; entries of the request
   * itself can only narrow. Once `reverify` has rejected, everything is denied: for good when the caller was refused,
   * and until `reverify` succeeds when the store did not answer.
   */
  decide(request: AccessRequest<W>, entries?: readonly AuthorityEntry[]): Decision<W>;
  /**
   * Verifies what the request presented once more, for a request that runs long: a grant that was edited counts for
   * `decide` from then on. The credential itself stays hidden.
   *
   * @throws {AuthError} as the first time; what has refused the caller once refuses it each time
   */
  readonly reverify: () => Promise<Principal>;
}

/** Says who asks, or rejects. */
export type RequestAuthenticator<W extends Words = Words> = (request: PresentedRequest) => Promise<RequestAuth<W>>;

/**
 * Creates the one way from the header fields of a request to who asks, which every adapter takes: it reads the credential
 * (see {@link readCredential}), has it verified, and lets the caller act for the project that `Latchkey-Project` names.
 *
 * What it returns rejects with an `AuthError`: `AUTH_TOKEN_*`, `AUTH_PERMISSION_DENIED` for a project that the token may
 * not use, and for a time or an address that a grant of the caller leaves out, `AUTH_GRANT_INVALID` for a project that is no
 * name, `AUTH_STORE_UNAVAILABLE`. Whatever it rejects with, let nobody in.
 *
 * @throws {TypeError} when a trusted proxy is no address and no range
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
  trustedProxies,
  anywhere = false,
  recall = false,
}: RequestAuthenticatorOptions<W>): RequestAuthenticator<W> {
  requirePart('createRequestAuthenticator', 'auth', auth, ['verify', 'decide', 'selectProject']);
  const clientAddress = createClientAddress(trustedProxies);

  async function verifyOrRecall(credential: string | undefined): Promise<Principal> {
    if (!recall) return auth.verify(credential);
    try {
      return await patiently(() => auth.verify(credential), PATIENCE_MILLISECONDS);
    } catch (error) {
      const known = error instanceof StoreUnavailableError ? await auth.recall(credential) : undefined;
      if (known === undefined) throw error;
      return known;
    }
  }

  return async function authenticate({ header, peer }) {
    const credential = optional === undefined ? readCredential(header, { basic }) : undefined;
    const address = clientAddress(header, peer);
    const verify = async (): Promise<Principal> => {
      const caller = optional ?? (await verifyOrRecall(credential));
      if (!anywhere) auth.requireTimeAndPlace(caller, { address });
      const project = readProject(header);
      return project === undefined ? caller : auth.selectProject(caller, project);
    };
    let newest = await verify();
    let failure: { readonly cause: unknown } | undefined;

    const decide: RequestAuth<W>['decide'] = (request, entries) =>
      failure === undefined
        ? auth.decide(newest, request, { address, entries })
        : denyUnverified(newest, failure.cause);
    const reverify = async (): Promise<Principal> => {
      try {
        const again = await verify();
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

/** A caller that was refused stays refused for this request; a store that was away may answer again. */
function isFinal(failure: { readonly cause: unknown } | undefined): failure is { readonly cause: unknown } {
  return failure !== undefined && !(failure.cause instanceof StoreUnavailableError);
}

function denyUnverified({ name, authority }: Principal, cause: unknown): DeniedDecision {
  const reason =
    cause instanceof StoreUnavailableError
      ? 'whether the token still counts cannot be looked up'
      : 'the token was refused when it was verified again';
  return { allowed: false, grant: authority.length, source: `token ${name}`, rule: 'authority', reason };
}
