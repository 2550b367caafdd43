/**
 * The names that the callers of a server see in its tokens and headers, besides the words of its vocabulary. All have
 * neutral defaults. They are written into tokens and read again: after a change, earlier tokens are not recognized.
 */
export interface AuthNames {
  /** The prefix of API keys: `key_` by default. Letters, digits, `_` and `-`. */
  readonly keyPrefix: string;
  /** The prefix of attenuated tokens: `att_` by default. */
  readonly attenuatedPrefix: string;
  /** The prefix of place-bound tokens: `place_` by default. */
  readonly placePrefix: string;
  /** The realm of a challenge (RFC 9110 section 11.5): `api` by default. */
  readonly realm: string;
  /** The header that may present a token without a scheme: `X-Api-Key` by default. */
  readonly keyHeader: string;
  /** The header that selects a project: `Project` by default. */
  readonly projectHeader: string;
  /** The claim of an access token that names what it was made from: `auth` by default. */
  readonly claim: string;
  /** The `type` of a grant in `authorization_details` (RFC 9396 section 2): `grant` by default. */
  readonly grantType: string;
  /** The name of the API key's kind in a token exchange (RFC 8693 section 3): `urn:auth-core:token-type:api-key`. */
  readonly keyTokenType: string;
}

export const DEFAULT_NAMES: AuthNames = Object.freeze({
  keyPrefix: 'key_',
  attenuatedPrefix: 'att_',
  placePrefix: 'place_',
  realm: 'api',
  keyHeader: 'X-Api-Key',
  projectHeader: 'Project',
  claim: 'auth',
  grantType: 'grant',
  keyTokenType: 'urn:auth-core:token-type:api-key',
});

const PREFIX = /^[A-Za-z][A-Za-z0-9_-]{1,31}$/;
const HEADER = /^[A-Za-z][A-Za-z0-9-]{0,63}$/;
const VISIBLE = /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/;

const SHAPES: Readonly<Record<keyof AuthNames, RegExp>> = {
  keyPrefix: PREFIX,
  attenuatedPrefix: PREFIX,
  placePrefix: PREFIX,
  realm: /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,100}$/,
  keyHeader: HEADER,
  projectHeader: HEADER,
  claim: /^[A-Za-z][A-Za-z0-9_:./-]{0,63}$/,
  grantType: VISIBLE,
  keyTokenType: VISIBLE,
};

/**
 * The claims that every access token has (RFC 7519, 9068 and 9396), and those that change the meaning of a token for
 * servers that know them (RFC 7800 section 3.1, RFC 8693 section 4).
 */
export const RESERVED_CLAIMS: ReadonlySet<string> = new Set(
  'iss sub aud exp nbf iat jti client_id scope token_type authorization_details cnf act may_act'.split(' '),
);

/**
 * Completes names with the defaults, and refuses those that could not be read back as they were written.
 *
 * @throws {TypeError} which says which name is wrong
 */
export function readNames(given: Partial<AuthNames> = {}): AuthNames {
  const names = { ...DEFAULT_NAMES, ...given };
  for (const [name, value] of Object.entries(names)) {
    const shape = Object.hasOwn(SHAPES, name) ? SHAPES[name as keyof AuthNames] : undefined;
    if (shape === undefined)
      throw new TypeError(`names.${name} is not a name; known are: ${Object.keys(SHAPES).join(', ')}`);
    if (typeof value !== 'string' || !shape.test(value))
      throw new TypeError(`names.${name} must match ${shape.source}`);
  }
  const { keyPrefix, attenuatedPrefix, placePrefix, keyHeader, projectHeader, claim } = names;
  // A text must be of one kind only. JWTs begin with `eyJ`.
  const prefixes = [keyPrefix, attenuatedPrefix, placePrefix, 'eyJ'].map((prefix) => prefix.toLowerCase());
  const mixed = prefixes.some((prefix, index) =>
    prefixes.some((other, at) => at !== index && other.startsWith(prefix)),
  );
  if (mixed) {
    throw new TypeError('the prefixes in names, and eyJ, must not begin with one another');
  }
  const headers = [keyHeader, projectHeader, 'Authorization'].map((header) => header.toLowerCase());
  if (new Set(headers).size < headers.length) {
    throw new TypeError('the headers in names, and Authorization, must differ');
  }
  if (RESERVED_CLAIMS.has(claim)) throw new TypeError(`names.claim must not be ${claim}, which has a meaning already`);
  return Object.freeze(names);
}
