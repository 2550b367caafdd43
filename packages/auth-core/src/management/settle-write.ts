import { StoreUnavailableError } from '../errors.ts';
import { canonicalJson } from '../schema/canonical-json.ts';
import type { Json } from '../schema/json-schema.ts';
import { constantTimeEqual, nameSecret } from '../token/digest.ts';
import { formerSecrets } from '../token/former-secrets.ts';
import type { TokenRecord, TokenStore } from '../token/token-store.ts';
import type { Revocations } from '../verification/revocations.ts';

/*
 * A write that failed may have been made: its answer was lost, or it is still on its way. These say which, and see to it
 * that a write that was not made is never made later.
 */

/** What became of a write that failed. */
export interface SettledWrite {
  /** Whether it was made after all. */
  readonly made: boolean;
  /** Resolves once it is certain that the write has no effect; whether it had to be undone. Absent where it has none. */
  readonly undone?: Promise<boolean>;
  /** Whether it was made, once that is known: for a write that cannot be undone. Absent where it is known. */
  readonly known?: Promise<boolean>;
}

/** What writes are settled with. */
export interface SettlingParts {
  readonly store: Pick<TokenStore, 'find' | 'insert' | 'update'>;
  readonly revocations: Pick<Revocations, 'later'>;
  readonly clock: () => Date;
}

const ATTEMPTS = 10;
/** How long a record stays that keeps a late insert out. */
const FENCE_MILLISECONDS = 86_400_000;

/** What became of the insert of a token that its caller has not got. */
export async function settleInsert(record: TokenRecord, parts: SettlingParts): Promise<SettledWrite> {
  const { store, revocations, clock } = parts;

  /** Whether the token is there. If it is not, its id is taken from now on. */
  async function look(): Promise<TokenRecord | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = await store.find(record.id);
      // The name of its secret stays when the token is used at once, and stored again under another key.
      if (found !== undefined) return constantTimeEqual(nameSecret(found), nameSecret(record)) ? found : undefined;
      // The text of a custom key comes from its caller, who may send it again.
      if (record.kind === 'custom' || (await store.insert(fenceOf(record, clock())))) return undefined;
    }
    throw new StoreUnavailableError(new Error(`it is not known what became of token ${record.id}`));
  }

  async function revoke(): Promise<boolean> {
    const found = await look();
    if (found === undefined || found.revokedAt !== undefined) return false;
    const ended = { ...found, revokedAt: clock().toISOString(), version: found.version + 1 };
    if (await store.update(ended, found.version)) return true;
    throw new StoreUnavailableError(new Error(`token ${record.id} was changed meanwhile`));
  }

  try {
    return { made: (await look()) !== undefined };
  } catch {
    return { made: false, undone: revocations.later(revoke) };
  }
}

/** What became of the change of a token. */
export async function settleUpdate(
  before: TokenRecord,
  after: TokenRecord,
  { store, revocations }: SettlingParts,
): Promise<SettledWrite> {
  /** Whether the change was made. If it was not, the version that it expects is gone from now on. */
  async function look(): Promise<TokenRecord | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = await store.find(before.id);
      if (found === undefined) return undefined;
      if (found.version !== before.version) return isFrom(found, before, after) ? found : undefined;
      if (await store.update({ ...found, version: found.version + 1 }, found.version)) return undefined;
    }
    throw new StoreUnavailableError(new Error(`it is not known what became of the change of token ${before.id}`));
  }

  async function restore(): Promise<boolean> {
    const found = await look();
    if (found?.version !== after.version) return false;
    if (await store.update({ ...before, version: found.version + 1 }, found.version)) return true;
    throw new StoreUnavailableError(new Error(`token ${before.id} was changed meanwhile`));
  }

  try {
    return { made: (await look()) !== undefined };
  } catch {
    return { made: false, undone: revocations.later(restore) };
  }
}

/** What became of the removal of a token, which cannot be undone. */
export async function settleRemoval(
  { id, version }: TokenRecord,
  { store, revocations }: Omit<SettlingParts, 'clock'>,
): Promise<SettledWrite> {
  /** Whether the token is gone. If it is not, the version that the removal expects is gone from now on. */
  async function look(): Promise<boolean> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = await store.find(id);
      if (found === undefined) return true;
      if (found.version !== version) return false;
      if (await store.update({ ...found, version: version + 1 }, version)) return false;
    }
    throw new StoreUnavailableError(new Error(`it is not known what became of the removal of token ${id}`));
  }

  try {
    return { made: await look() };
  } catch {
    return { made: false, known: revocations.later(look) };
  }
}

/**
 * Whether a token is what a change has made of it, or has come from there: it still knows the secret of a rotation, and
 * besides its secrets, which change as they are used, it is what an edit has made of it.
 */
function isFrom(found: TokenRecord, before: TokenRecord, after: TokenRecord): boolean {
  if (found.version === after.version) return contentOf(found) === contentOf(after);
  const isRotation = !constantTimeEqual(before.digest, after.digest);
  return isRotation
    ? [found, ...formerSecrets(found)].some(({ digest }) => constantTimeEqual(digest, after.digest))
    : contentOf(withoutSecrets(found)) === contentOf(withoutSecrets(after));
}

function withoutSecrets({ digest: _, attenuationKey: __, sealed: ___, previous: ____, ...record }: TokenRecord) {
  return { ...record, version: 0 };
}

function contentOf({ lastUsedAt: _, ...record }: Partial<TokenRecord>): string {
  return canonicalJson(JSON.parse(JSON.stringify(record)) as Json);
}

/** No secret has a digest of this length. */
const DIGEST_OF_NOTHING = '';

/** A record that is not a token, of a kind that lists leave out and that is forgotten after a day. */
function fenceOf({ id, name, owner }: TokenRecord, now: Date): TokenRecord {
  return {
    id,
    kind: 'attenuated',
    name,
    digest: DIGEST_OF_NOTHING,
    parentId: id,
    grant: { actions: [] },
    owner,
    createdAt: now.toISOString(),
    createdBy: id,
    expiresAt: new Date(now.getTime() + FENCE_MILLISECONDS).toISOString(),
    revokedAt: now.toISOString(),
    version: 1,
  };
}
