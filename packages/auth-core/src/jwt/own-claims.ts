import { type AuthNames, RESERVED_CLAIMS } from '../authority/names.ts';
import { InvalidInputError, InvalidTokenError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import { copyOwnObject, freezeJson, type JsonObject } from '../schema/copy-json.ts';

const MAXIMUM_BYTES = 2048;
const NONE: JsonObject = Object.freeze({});

function isReserved(name: string, { claim }: AuthNames): boolean {
  return name === claim || RESERVED_CLAIMS.has(name);
}

/**
 * Copies the claims that a host adds to a token: up to 2048 bytes of JSON, without the claims that every token has.
 *
 * @throws {AuthError} `AUTH_INPUT_INVALID`
 */
export function checkOwnClaims(claims: unknown, names: AuthNames): JsonObject {
  const copy = copyOwnObject(claims, 'claims', MAXIMUM_BYTES);
  const reserved = Object.keys(copy).find((name) => isReserved(name, names));
  if (reserved !== undefined) throw new InvalidInputError(`claims.${reserved}`, 'is a claim that cannot be chosen');
  return copy;
}

/** The claims of a verified token that its host has added; undefined when there are none. */
export function pickOwnClaims(claims: Readonly<Record<string, unknown>>, names: AuthNames): JsonObject | undefined {
  const own = Object.entries(claims).filter(([name]) => !isReserved(name, names));
  return own.length === 0 ? undefined : (freezeJson(Object.fromEntries(own)) as JsonObject);
}

/**
 * Reads the claims that a server added to the access token of a principal, with a type: see `AccessTokenInput.claims`.
 * Other tokens have none, so `read` is given `{}` for them.
 *
 * @param read returns the claims, or throws when they are invalid, e.g. the `parse` of a schema
 * @throws {AuthError} `AUTH_TOKEN_MALFORMED` when `read` throws
 * @example
 * ```ts
 * import { type AccessTokenVerifier, readClaims } from '@latchkey/auth-core/jwt';
 *
 * export async function tenantOf(verifier: AccessTokenVerifier, token: string): Promise<string> {
 *   const { tenant } = readClaims(await verifier.verify(token), (claims) => {
 *     if (typeof claims.tenant !== 'string') throw new TypeError('tenant must be a text');
 *     return { tenant: claims.tenant };
 *   });
 *   return tenant;
 * }
 * ```
 */
export function readClaims<Claims>(principal: Pick<Principal, 'claims'>, read: (claims: JsonObject) => Claims): Claims {
  try {
    return read(principal.claims ?? NONE);
  } catch (cause) {
    throw new InvalidTokenError('AUTH_TOKEN_MALFORMED', { kind: 'access', cause });
  }
}
