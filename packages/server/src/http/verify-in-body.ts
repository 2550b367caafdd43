import type { Principal } from '@latchkey/auth-core';
import type { Auth } from '@latchkey/auth-core/llm';
import { requireEverywhere } from './mcp-only.ts';
import type { RequestContext } from './request-context.ts';

/**
 * Verifies a token in the body with the time and the client address of the request: a grant's conditions on these apply
 * wherever the token is presented. Throws `AUTH_TOKEN_*`, `AUTH_PERMISSION_DENIED`, `AUTH_STORE_UNAVAILABLE`.
 */
export async function verifyInBody(
  auth: Pick<Auth, 'verify' | 'requireTimeAndPlace'>,
  { address }: Pick<RequestContext, 'address'>,
  token: string,
): Promise<Principal> {
  const principal = await auth.verify(token);
  requireEverywhere(principal);
  auth.requireTimeAndPlace(principal, { address });
  return principal;
}
