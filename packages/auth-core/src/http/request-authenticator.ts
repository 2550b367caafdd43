import type { Auth } from '../auth.ts';
import type { AccessRequest, AuthorityEntry, Decision } from '../authority/decide.ts';
import type { Principal } from '../principal.ts';
import { createClientAddress } from './client-address.ts';
import { readCredential } from './read-credential.ts';
import type { ReadHeader } from './read-header.ts';
import { readProject } from './read-project.ts';

/** What {@link createRequestAuthenticator} works with. */
export interface RequestAuthenticatorOptions {
  readonly auth: Pick<Auth, 'verify' | 'decide' | 'selectProject'>;
  /**
   * Who everybody is while authentication is switched off. No credential is read then, not even a wrong one. Absent:
   * authentication is on.
   */
  readonly optional?: Principal;
  /** Take HTTP Basic as well, the password being the token, for reverse proxies that know nothing else. Off by default. */
  readonly basic?: boolean;
  /** The reverse proxies whose `X-Forwarded-For` is believed; none by default. See {@link createClientAddress}. */
  readonly trustedProxies?: readonly string[];
}

/** A request as far as it says who asks. */
export interface PresentedRequest {
  readonly header: ReadHeader;
  /** The IP address at the other end of the connection. */
  readonly peer?: string | undefined;
}

/** Who asks. */
export interface RequestAuth {
  readonly principal: Principal;
  /** The client's IP address: the other end of the connection, or what a trusted proxy says. */
  readonly address?: string;
  /**
   * Decides a request of this caller from this address, by the grants as they were verified last; entries of the request
   * itself can only narrow.
   */
  readonly decide: (request: AccessRequest, entries?: readonly AuthorityEntry[]) => Decision;
  /**
   * Verifies what the request presented once more, for a request that runs long: a grant that was edited counts for
   * `decide` from then on. The credential itself stays hidden.
   *
   * @throws {AuthError} as the first time
   */
  readonly reverify: () => Promise<Principal>;
}

/** Says who asks, or rejects. */
export type RequestAuthenticator = (request: PresentedRequest) => Promise<RequestAuth>;

/**
 * Creates the one way from the header fields of a request to who asks, which every adapter takes: it reads the credential
 * (see {@link readCredential}), has it verified, and lets the caller act for the project that `Latchkey-Project` names.
 *
 * What it returns rejects with an `AuthError`: `AUTH_TOKEN_*`, `AUTH_PERMISSION_DENIED` for a project that the token may
 * not use, `AUTH_GRANT_INVALID` for one that is no name, `AUTH_STORE_UNAVAILABLE`. Whatever it rejects with, let nobody in.
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
export function createRequestAuthenticator({
  auth,
  optional,
  basic = false,
  trustedProxies,
}: RequestAuthenticatorOptions): RequestAuthenticator {
  const clientAddress = createClientAddress(trustedProxies);

  return async function authenticate({ header, peer }) {
    const credential = optional === undefined ? readCredential(header, { basic }) : undefined;
    const caller = optional ?? (await auth.verify(credential));
    const project = readProject(header);
    const select = (whole: Principal): Principal =>
      project === undefined ? whole : auth.selectProject(whole, project);
    const principal = select(caller);
    const address = clientAddress(header, peer);
    let newest = principal;
    const decide: RequestAuth['decide'] = (request, entries) => auth.decide(newest, request, { address, entries });
    const reverify = async (): Promise<Principal> => {
      newest = select(optional ?? (await auth.verify(credential)));
      return newest;
    };
    return address === undefined ? { principal, decide, reverify } : { principal, address, decide, reverify };
  };
}
