import type { IncomingMessage } from 'node:http';
import { type ReadCredentialOptions, type ReadHeader, readCredential as readFrom } from '@latchkey/auth-core/http';

/** What there is to read of a request. */
export type RequestHeaders = Pick<IncomingMessage, 'rawHeaders'>;

const NONE: readonly string[] = [];

/**
 * Reads the header fields of Node's request, each line separately. Only a few are needed, so they are looked up in
 * `rawHeaders`: to group all of them, as `headersDistinct` does, would take longer than to verify a token.
 */
export function headersOf({ rawHeaders }: RequestHeaders): ReadHeader {
  return (name) => {
    let values: string[] | undefined;
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const field = rawHeaders[index] ?? '';
      if (field.length !== name.length || field.toLowerCase() !== name) continue;
      values ??= [];
      values.push(rawHeaders[index + 1] ?? '');
    }
    return values ?? NONE;
  };
}

/**
 * Reads the one token that Node's request presents, as `readCredential` of `@latchkey/auth-core/http` does.
 *
 * @throws {AuthError} `AUTH_TOKEN_MALFORMED` when a header appears twice, is too long or empty, or when two disagree
 */
export function readCredential(request: RequestHeaders, options?: ReadCredentialOptions): string | undefined {
  return readFrom(headersOf(request), options);
}
