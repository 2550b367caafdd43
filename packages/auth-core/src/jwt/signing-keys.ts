import type { JSONWebKeySet, JWK } from 'jose';
import type { AuditSink } from '../audit/audit-event.ts';
import { recordAct } from '../audit/record-act.ts';
import { toActor } from '../audit/to-actor.ts';
import { type Clock, systemClock } from '../clock.ts';
import { StoreUnavailableError } from '../errors.ts';
import { guard } from '../guard.ts';
import { requireAction } from '../management/token-access.ts';
import type { Principal } from '../principal.ts';
import { MAXIMUM_ACCESS_TOKEN_SECONDS } from '../settings.ts';
import type { Sealer } from '../token/sealer.ts';
import {
  makeSigningKey,
  openSigningKey,
  SIGNING_ALGORITHMS,
  type SigningAlgorithm,
  type SigningKey,
} from './signing-key.ts';
import type { SigningKeyRecord, SigningKeyStore } from './signing-key-store.ts';

/** What {@link createSigningKeys} works with. */
export interface SigningKeysOptions {
  readonly store: SigningKeyStore;
  /** Seals the private keys. All processes that share the store need one with the same key. */
  readonly sealer: Sealer;
  /**
   * How new keys sign: `EdDSA` by default; `ES256` or `RS256` where a verifier knows nothing else. Processes that share
   * the store may differ: each signs with the newest key of its own algorithm.
   */
  readonly algorithm?: SigningAlgorithm;
  readonly clock?: Clock;
  /** Records rotations on demand. When it rejects, nothing is rotated, and the caller gets `AUTH_AUDIT_UNAVAILABLE`. */
  readonly audit?: AuditSink;
}

/** How to change to a new key. */
export interface RotateKeysInput {
  /**
   * Whether the old keys may have leaked. They are then dropped at once, which invalidates all tokens that they have
   * signed. Otherwise those tokens stay valid, and the new key is published for an hour before it signs.
   */
  readonly compromised?: boolean;
}

/** A key that was made on demand. */
export interface RotatedKey {
  readonly kid: string;
  /** RFC 3339; from when it signs. */
  readonly signsFrom: string;
}

/**
 * A key set with the time from which each key signs (`nbf`) and, once it has a successor, the end of its use (`exp`).
 */
export interface PublishedKeys extends JSONWebKeySet {
  /** Times are seconds since 1970; IANA has them among the JSON Web Key Parameters. */
  readonly keys: (JWK & { readonly nbf: number; readonly exp?: number })[];
}

/** The keys that access tokens are signed with. All methods reject with an `AuthError` and with nothing else. */
export interface SigningKeys {
  /** The key that signs now. @throws `AUTH_STORE_UNAVAILABLE` */
  signer(): Promise<SigningKey>;
  /** The key with this id, if it signs, has signed or is about to. @throws `AUTH_STORE_UNAVAILABLE` */
  find(kid: string): Promise<SigningKey | undefined>;
  /** The public keys (RFC 7517), which need no protection. @throws `AUTH_STORE_UNAVAILABLE` */
  jwks(): Promise<PublishedKeys>;
  /**
   * Changes to a new key before it is time. Needs the action `settings:write`.
   *
   * @throws {AuthError} `AUTH_PERMISSION_DENIED`, `AUTH_STORE_UNAVAILABLE`
   */
  rotate(input: RotateKeysInput, by: Principal): Promise<RotatedKey>;
}

/** For how long a key signs. */
const SIGNING_MILLISECONDS = 30 * 86_400_000;
/** For how long a key is published before it signs: other servers keep the key set for a while. */
const PUBLISHED_BEFORE_MILLISECONDS = 3_600_000;
/** How far the clocks of servers may differ. */
const SKEW_MILLISECONDS = 60_000;
/** How long a replaced key still verifies tokens. */
const RETIRED_AFTER_MILLISECONDS = MAXIMUM_ACCESS_TOKEN_SECONDS * 1000 + SKEW_MILLISECONDS;
/** How long the keys are cached before the store is read again. */
const CACHE_MILLISECONDS = 1000;
/** How often to try to make the next key while other processes do the same. */
const ATTEMPTS = 10;

interface KeyRing {
  readonly readAt: number;
  /** The highest sequence in the store, including keys that cannot be opened. */
  readonly newest: number;
  /** In the order in which they sign. */
  readonly keys: readonly SigningKey[];
}

/**
 * Manages the keys that sign access tokens (Ed25519, unless the options say another algorithm). The first key is made when it is needed, the next one before the
 * 30 days of the current one end; it is published for an hour before it signs. A replaced key stays published until all
 * tokens that it has signed have expired. The private keys are sealed in the store.
 *
 * Keys that another process drops stop working here within one second.
 *
 * @example
 * ```ts
 * import { createSealer } from '@latchkey/auth-core';
 * import { createMemorySigningKeyStore, createSigningKeys } from '@latchkey/auth-core/jwt';
 *
 * const sealer = createSealer(crypto.getRandomValues(new Uint8Array(32)));
 * const keys = createSigningKeys({ store: createMemorySigningKeyStore(), sealer });
 * const { keys: published } = await keys.jwks(); // to be served at /.well-known/jwks.json
 * console.log(published[0]?.alg); // EdDSA
 * ```
 */
export function createSigningKeys({
  store,
  sealer,
  algorithm = 'EdDSA',
  clock = systemClock,
  audit,
}: SigningKeysOptions): SigningKeys {
  if (!SIGNING_ALGORITHMS.includes(algorithm)) {
    throw new TypeError(`algorithm must be one of ${SIGNING_ALGORITHMS.join(', ')}`);
  }
  let opened = new Map<string, Promise<SigningKey | undefined>>();
  let ring: KeyRing | undefined;
  let reading: Promise<KeyRing> | undefined;
  let changes = 0;
  /** When the store was last read because of an unknown key id. */
  let soughtAt = Number.NEGATIVE_INFINITY;

  /** Opens a key once. One that cannot be opened was sealed with another key or changed, and is not used. */
  function openOnce(record: SigningKeyRecord): Promise<SigningKey | undefined> {
    return opened.get(nameOf(record)) ?? openSigningKey(record, sealer).catch(() => undefined);
  }

  async function read(): Promise<KeyRing> {
    const readAt = clock().getTime();
    const records = await guard(() => store.list());
    opened = new Map(records.map((record) => [nameOf(record), openOnce(record)]));
    const keys = (await Promise.all(opened.values())).filter((key) => key !== undefined);
    keys.sort((left, right) => left.signsFrom - right.signsFrom || left.sequence - right.sequence);
    return {
      readAt,
      newest: Math.max(0, ...records.map(({ sequence }) => sequence)),
      keys,
    };
  }

  /** Adds the next key; does nothing when another process was faster. */
  async function add(newest: number, signsFrom: number): Promise<void> {
    const record = await makeSigningKey({ sequence: newest + 1, signsFrom, algorithm }, clock(), sealer);
    await guard(() => store.insert(record));
  }

  /** Adds the next key on demand, with its entry in the log; undefined when another process was faster. */
  async function addNow(compromised: boolean, by: Principal): Promise<RotatedKey | undefined> {
    const start = clock().getTime() + (compromised ? 0 : PUBLISHED_BEFORE_MILLISECONDS);
    const next = { sequence: (await read()).newest + 1, signsFrom: start, algorithm };
    const record = await makeSigningKey(next, clock(), sealer);
    const { kid, sequence } = record;
    const signsFrom = new Date(start).toISOString();
    const event = { type: 'keys.rotated', actor: toActor(by), subject: kid, details: { compromised, signsFrom } };
    const replace = async (transaction?: unknown): Promise<boolean> => {
      if (!(await store.insert(record, transaction))) return false;
      if (!compromised) return true;
      const older = (await store.list(transaction)).map((other) => other.sequence).filter((other) => other < sequence);
      await store.remove(older, transaction);
      return true;
    };
    const added = await recordAct(audit, event, (transaction) => guard(() => replace(transaction)), store.database);
    return added ? { kid, signsFrom } : undefined;
  }

  /** Reads the keys, makes the next one when it is time, and drops those that are not needed any more. */
  async function readAndMaintain(): Promise<KeyRing> {
    let found = await read();
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const start = startOfNext(found) ?? startOfOwn(found);
      if (start === undefined) break;
      await add(found.newest, start);
      found = await read();
    }
    const retired = found.keys.filter((_, index) => isRetired(found.keys, index, found.readAt));
    if (retired.length === 0) return found;
    await guard(() => store.remove(retired.map(({ sequence }) => sequence)));
    return { ...found, keys: found.keys.filter((key) => !retired.includes(key)) };
  }

  /** When a key of this process's own algorithm is to sign, if there is none. */
  function startOfOwn({ keys, readAt }: KeyRing): number | undefined {
    const isThere = keys.some((key) => key.algorithm === algorithm);
    return isThere ? undefined : readAt + PUBLISHED_BEFORE_MILLISECONDS;
  }

  function refresh(): Promise<KeyRing> {
    reading ??= startReading();
    return reading;
  }

  async function startReading(): Promise<KeyRing> {
    const before = changes;
    try {
      const found = await readAndMaintain();
      // Keys that were read before a rotation may include some that it has dropped.
      if (before === changes) ring = found;
      return found;
    } finally {
      if (before === changes) reading = undefined;
    }
  }

  async function current(): Promise<KeyRing> {
    const age = ring === undefined ? Number.NaN : clock().getTime() - ring.readAt;
    return ring !== undefined && age >= 0 && age < CACHE_MILLISECONDS ? ring : refresh();
  }

  return {
    async signer() {
      const { keys } = await current();
      const now = clock().getTime();
      // The first key signs even when this clock is behind that of the process that made it.
      const started = keys.filter(({ signsFrom }) => signsFrom <= now);
      const key = started.findLast((own) => own.algorithm === algorithm) ?? started.at(-1) ?? keys[0];
      if (key === undefined) throw new StoreUnavailableError(new Error('no signing key can be made'));
      return key;
    },
    async find(kid) {
      const known = (await current()).keys.find((key) => key.kid === kid);
      if (known !== undefined) return known;
      const now = clock().getTime();
      const age = now - soughtAt;
      // At most one look-up a second: requests with unknown key ids must not cause load on the store.
      if (reading === undefined && age >= 0 && age < CACHE_MILLISECONDS) return undefined;
      soughtAt = now;
      // Another process may have made it a moment ago.
      return (await refresh()).keys.find((key) => key.kid === kid);
    },
    async jwks() {
      const { keys } = await current();
      return {
        keys: keys.map(({ kid, algorithm: alg, publicJwk, signsFrom }, index) => {
          const end = endOf(keys, index);
          return {
            ...publicJwk,
            kid,
            alg,
            use: 'sig',
            nbf: Math.floor(signsFrom / 1000),
            ...(end !== undefined && { exp: Math.ceil(end / 1000) }),
          };
        }),
      };
    },
    async rotate({ compromised = false }, by) {
      requireAction(by, 'settings:write');
      let added: RotatedKey | undefined;
      for (let attempt = 0; attempt < ATTEMPTS && added === undefined; attempt++) {
        added = await addNow(compromised, by);
      }
      if (added === undefined) throw new StoreUnavailableError(new Error('other processes rotate without end'));
      changes++;
      ring = undefined;
      reading = undefined;
      return added;
    },
  };
}

/** The cache key of an opened key: a copy under another id is a different key. */
function nameOf({ sequence, kid, sealed }: SigningKeyRecord): string {
  return `${sequence} ${kid} ${sealed}`;
}

/** From when the next key is to sign, if it must be made now. */
function startOfNext({ keys, readAt }: KeyRing): number | undefined {
  const last = keys.at(-1);
  if (last === undefined) return readAt;
  const due = last.signsFrom + SIGNING_MILLISECONDS;
  return readAt < due - PUBLISHED_BEFORE_MILLISECONDS
    ? undefined
    : Math.max(due, readAt + PUBLISHED_BEFORE_MILLISECONDS);
}

/** When all that a key has signed has expired: when the next one signs, and some time later. */
function endOf(keys: readonly SigningKey[], index: number): number | undefined {
  const next = keys[index + 1];
  return next && next.signsFrom + RETIRED_AFTER_MILLISECONDS;
}

function isRetired(keys: readonly SigningKey[], index: number, now: number): boolean {
  const end = endOf(keys, index);
  return end !== undefined && now >= end;
}
