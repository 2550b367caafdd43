import {
  type NodeRequest,
  type ReadCredentialOptions,
  readCredential as readFrom,
  readNodeHeaders,
} from '@latchkey/auth-core/http';

/** The parts of a request that are read. */
export type RequestHeaders = NodeRequest;

/**
 * Reads the one token that Node's request presents, as `readCredential` of `@latchkey/auth-core/http` does.
 *
 * @throws {AuthError} `AUTH_TOKEN_MALFORMED` when a header appears twice, is too long or empty, or when two disagree
 */
export function readCredential(request: RequestHeaders, options?: ReadCredentialOptions): string | undefined {
  return readFrom(readNodeHeaders(request), options);
}
