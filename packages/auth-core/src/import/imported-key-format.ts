import type { Auth } from '../auth.ts';
import type { Words } from '../authority/vocabulary.ts';
import { type Clock, systemClock } from '../clock.ts';
import { InvalidInputError } from '../errors.ts';
import type { IssueInput } from '../management/issue-token.ts';
import type { TokenInfo } from '../management/token-info.ts';
import type { Principal } from '../principal.ts';
import { createCustomKeyFormat } from '../token/custom-format.ts';
import type { EarlierSecret } from '../token/earlier-secret.ts';
import { fromHex, toHex } from '../token/hex.ts';
import { hmac, importHmacKey } from '../token/hmac.ts';
import { ALPHANUMERIC, drawCharacters, systemRandom } from '../token/random.ts';
import { sha256 } from '../token/sha256.ts';
import type { StoredTokenFormat } from '../token/token-format.ts';
import { createAttempts } from './attempts.ts';
import { type EarlierHashing, proveEarlier } from './prove-earlier.ts';

/** The parts of a key of an earlier system. */
export interface ImportedKey {
  /** What that system finds the key by. Needed where a hash can only be checked. */
  readonly id?: string;
  /** What that system has hashed. */
  readonly secret: string;
}

/** A hash that can be computed from a key: SHA-256, or HMAC-SHA-256 with a key of the earlier system. */
export type ComputedHash = 'sha256' | { readonly hmacSha256: Uint8Array };

/**
 * How an earlier system has hashed its keys: a hash that can be computed, or several, of which each key has one; or
 * anything else that can be checked, such as bcrypt or Argon2. `check` may be slow. `example` is any hash of that system;
 * it is checked in place of one that is not there, so that the time does not reveal which ids exist.
 */
export type EarlierHash =
  | ComputedHash
  | readonly ComputedHash[]
  | { readonly check: (secret: string, hash: string) => Promise<boolean>; readonly example: string };

/** What {@link createImportedKeyFormat} works with. */
export interface ImportedKeyOptions {
  /** Reads a presented text; undefined when it is not a key of the earlier system. Must not throw. */
  readonly parse: (text: string) => ImportedKey | undefined;
  readonly hash: EarlierHash;
  /** The format of other custom keys; by default that of `createCustomKeyFormat`. */
  readonly others?: StoredTokenFormat;
  readonly clock?: Clock;
}

/** The key to import, and what it may do. */
export interface ImportInput<W extends Words = Words> extends Omit<IssueInput<W>, 'kind' | 'secret' | 'force'> {
  /** The hash as the earlier system has stored it. SHA-256 and HMAC-SHA-256: 64 hexadecimal digits, or base64. */
  readonly hash: string;
  /** The id that `parse` finds in the text, if it finds one. */
  readonly id?: string;
}

/** A format of custom keys that also takes those of an earlier system. */
export interface ImportedKeyFormat extends StoredTokenFormat {
  /**
   * Adds a key of the earlier system, as `auth.issue` does. Only its keyed digest is stored, or its hash, sealed.
   *
   * @throws {AuthError} as `Auth.issue`; `AUTH_INPUT_INVALID` for a hash or an id of another shape
   */
  import<W extends Words>(auth: Pick<Auth<W>, 'issue'>, input: ImportInput<W>, by: Principal): Promise<TokenInfo<W>>;
  /** Fails as `import` would, and adds nothing. @throws {AuthError} as `import` */
  check<W extends Words>(auth: Pick<Auth<W>, 'checkIssue'>, input: ImportInput<W>, by: Principal): Promise<void>;
}

const SHAPE = /^[\x21-\x7e]{8,512}$/;
const ID = /^[A-Za-z0-9_.-]{1,64}$/;
const HASH_BYTES = 32;
const NONCE_LENGTH = 32;
/** What no presented text contains: the hash of a key is never a key. */
const HASHED = '\u0000hash of an earlier system\u0000';
const ATTEMPTS_OF_ID = 10;
const ATTEMPTS_OF_ADDRESS = 30;
const ATTEMPTS_OF_ALL = 600;

/** What is to be stored of a key that is being imported. */
interface Pending {
  readonly id?: string;
  readonly hash: string;
}

/**
 * Creates a format for the keys of an earlier system, of which only hashes are known. Each is stored like any other at
 * its first use. It takes the place of `createCustomKeyFormat`, and is of the kind `custom`.
 *
 * Where a hash can only be checked, wrong attempts are bounded: 10 a minute for each id, and 30 for each address.
 *
 * @throws {TypeError} when the hash is none of these
 * @example
 * ```ts
 * import { createApiKeyFormat, createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
 * import { createImportedKeyFormat } from '@latchkey/auth-core/import';
 *
 * const imported = createImportedKeyFormat({
 *   hash: 'sha256',
 *   parse: (text) => (text.startsWith('old_') ? { secret: text } : undefined),
 * });
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const auth = createAuth({ store: createMemoryTokenStore(), digestKey, formats: [createApiKeyFormat(), imported] });
 *
 * const hash = '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';
 * await imported.import(auth, { name: 'ada', hash, grant: { actions: ['usage:read'] } }, auth.operator());
 * ```
 */
export function createImportedKeyFormat({
  parse,
  hash: how,
  others = createCustomKeyFormat(),
  clock = systemClock,
}: ImportedKeyOptions): ImportedKeyFormat {
  if (typeof parse !== 'function') throw new TypeError("createImportedKeyFormat: the option 'parse' is missing");
  const compute = computeWith(how);
  const check = typeof how === 'object' && 'check' in how ? how : undefined;
  const pending = new Map<string, Pending>();
  const attempts = createAttempts(clock);

  async function checkBounded(secret: string, id: string, hash: string | undefined, from = 'unknown') {
    if (check === undefined) return false;
    const limits = [
      { name: `id ${id}`, most: ATTEMPTS_OF_ID },
      { name: `address ${from}`, most: ATTEMPTS_OF_ADDRESS },
      { name: 'all', most: ATTEMPTS_OF_ALL },
    ];
    attempts.take(limits);
    const isRight = (await check.check(secret, hash ?? check.example)) === true && hash !== undefined;
    if (isRight) attempts.giveBack(limits);
    return isRight;
  }

  function secretOf(id: string | undefined, secret: string): EarlierSecret {
    const hashing: EarlierHashing =
      check === undefined
        ? { hashes: async () => (await compute(secret)).map((hash) => `${HASHED}${hash}`) }
        : { check: (named, hash, address) => checkBounded(secret, named, hash, address) };
    return { prove: (context) => proveEarlier({ ...(id !== undefined && { id }), secret }, hashing, context) };
  }

  /** Gives `use` a text that stands for the hash while it runs. */
  async function withPending<W extends Words, T>(
    { hash, id, ...input }: ImportInput<W>,
    use: (input: Omit<IssueInput<W>, 'kind' | 'force'>) => Promise<T>,
  ): Promise<T> {
    if (id !== undefined && !ID.test(id)) {
      throw new InvalidInputError('id', 'must be 1 to 64 letters, digits, dots, hyphens and underscores');
    }
    if (check !== undefined && id === undefined) throw new InvalidInputError('id', 'is required for such a hash');
    const nonce = drawCharacters(ALPHANUMERIC, NONCE_LENGTH, systemRandom);
    pending.set(nonce, {
      ...(id !== undefined && { id: idOf(id) }),
      hash: check === undefined ? readHash(hash) : readCheckedHash(hash),
    });
    try {
      return await use({ ...input, secret: nonce });
    } finally {
      pending.delete(nonce);
    }
  }

  return {
    ...others,
    kind: 'custom',
    weaknessOf: (secret) => (pending.has(secret) ? undefined : others.weaknessOf?.(secret)),
    async mint(request) {
      const imported = pending.get(request.secret ?? '');
      if (imported === undefined) return others.mint(request);
      const { id, hash } = imported;
      return {
        ...(id !== undefined && { id }),
        secret: `${HASHED}${hash}`,
        text: '',
        ...(check !== undefined && { earlierHash: hash }),
      };
    },
    parse(text) {
      const found = SHAPE.test(text) ? parse(text) : undefined;
      if (found === undefined) return others.parse(text);
      const { secret } = found;
      if (check !== undefined && found.id === undefined) return undefined;
      if (found.id !== undefined && !ID.test(found.id)) return undefined;
      const id = found.id === undefined ? undefined : idOf(found.id);
      return { ...(id !== undefined && { id }), secret, earlier: secretOf(id, secret) };
    },
    import: async (auth, input, by) =>
      withPending(input, async (asked) => (await auth.issue({ ...asked, kind: 'custom' }, by)).record),
    check: (auth, input, by) => withPending(input, (asked) => auth.checkIssue({ ...asked, kind: 'custom' }, by)),
  };
}

/** No token of another kind has such an id. */
const idOf = (id: string): string => `imported.${id}`;

/** Computes all hashes that the earlier system may have stored of a secret. */
function computeWith(how: EarlierHash): (secret: string) => Promise<readonly string[]> {
  if (typeof how === 'object' && 'check' in how) {
    if (typeof how.check === 'function' && typeof how.example === 'string') return async () => [];
    throw new TypeError(UNKNOWN_HASH);
  }
  const each = [how].flat().map(computeOne);
  if (each.length === 0) throw new TypeError(UNKNOWN_HASH);
  return (secret) => Promise.all(each.map((compute) => compute(secret)));
}

function computeOne(how: ComputedHash): (secret: string) => Promise<string> {
  if (how === 'sha256') return sha256;
  if (!(how?.hmacSha256 instanceof Uint8Array)) throw new TypeError(UNKNOWN_HASH);
  const key = importHmacKey(Uint8Array.from(how.hmacSha256));
  return async (secret) => hmac(await key, secret);
}

const UNKNOWN_HASH = "the option 'hash' must be 'sha256', { hmacSha256: key }, a list of these, or { check, example }";

/** 32 bytes, in hexadecimal digits or base64, as hexadecimal digits. */
function readHash(text: unknown): string {
  if (typeof text === 'string' && /^[0-9a-f]{64}$/i.test(text)) return toHex(fromHex(text.toLowerCase()));
  if (typeof text === 'string' && /^[\w+/-]{43}=?$/.test(text)) {
    const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (byte) => byte.charCodeAt(0));
    if (bytes.length === HASH_BYTES) return toHex(bytes);
  }
  throw new InvalidInputError('hash', `must be ${HASH_BYTES} bytes, as 64 hexadecimal digits or in base64`);
}

function readCheckedHash(text: unknown): string {
  if (typeof text === 'string' && text.length >= 8 && text.length <= 1024) return text;
  throw new InvalidInputError('hash', 'must be a text of 8 to 1024 characters, as the earlier system has stored it');
}
