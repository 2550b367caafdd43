import { expect } from 'vitest';
import { createImportedKeyFormat, type ImportedKeyFormat } from '../../src/import/index.ts';
import type {
  AuditEntry,
  AuditLog,
  Auth,
  AuthError,
  IssuedToken,
  KeyRing,
  Meter,
  Principal,
  Revocation,
  TokenInfo,
  TokenRecord,
} from '../../src/index.ts';
import { createSealer } from '../../src/index.ts';
import { createSigningKeys } from '../../src/jwt/index.ts';
import { dropFormerKeys } from '../../src/keys/index.ts';
import type { Stores } from './places.ts';

/** The key that everything is made with, and the one after it. */
export const FORMER_KEY: Uint8Array = new Uint8Array(32).fill(9);
const NEXT_KEY = new Uint8Array(32).fill(10);
const RING: readonly [Uint8Array, Uint8Array] = [NEXT_KEY, FORMER_KEY];

/** What an act is made with, before anything fails. */
export interface FaultyWorld {
  readonly auth: Auth;
  /** The same with other keys, as another process. */
  open(ring: KeyRing): { readonly auth: Auth; readonly log: AuditLog; readonly stores: Stores };
  /** The format of keys of an earlier system. */
  readonly imported: ImportedKeyFormat;
  readonly meter: Meter;
  readonly operator: Principal;
  /** A token that works, and its caller. */
  readonly known: IssuedToken;
  readonly caller: Principal;
}

/** What became of an act: its answer, or the error. */
export type Outcome = { readonly answer: unknown } | { readonly error: AuthError };

/** What is there once everything works again, and nothing is left to do. */
export interface Afterwards extends FaultyWorld {
  readonly outcome: Outcome;
  /** Verifies, with nothing cached, whether a token works. */
  works(token: string): Promise<boolean>;
  stored(id: string): Promise<TokenRecord | undefined>;
  /** All tokens that are not revoked. */
  readonly live: readonly TokenRecord[];
  /** The entries of the log, without those that a later one takes back. */
  readonly told: readonly AuditEntry[];
}

/** An act of which each step may fail, and what must be true afterwards, whatever has failed. */
export interface FaultyAct {
  /** What is done before the act, while nothing fails. */
  readonly prepare?: (world: FaultyWorld) => Promise<unknown>;
  /** The keys with which everything works afterwards; by default those that it was made with. */
  readonly ring?: KeyRing;
  readonly act: (world: FaultyWorld) => Promise<unknown>;
  readonly check: (after: Afterwards) => Promise<void>;
}

const GRANT = { actions: ['usage:read'] } as const;
const EARLIER = { text: 'old_key_of_ada', hash: '5ecbad7245dcbd1b9960d0d37d80101e1747c1bed445c62e91f601da75f33de0' };
const SIGNING_SEALED = createSealer(FORMER_KEY);

export const createImported = (): ImportedKeyFormat =>
  createImportedKeyFormat({
    hash: 'sha256',
    parse: (text) => (text.startsWith('old_') ? { secret: text } : undefined),
  });

const importEarlier = ({ auth, imported, operator }: FaultyWorld): Promise<TokenInfo> =>
  imported.import(auth, { name: 'new', owner: 'ada', hash: EARLIER.hash, grant: GRANT }, operator);

function answerOf<Answer>({ outcome }: Afterwards): Answer | undefined {
  return 'answer' in outcome ? (outcome.answer as Answer) : undefined;
}

/** Every live token is one that its caller has, and the log tells of each that was made. */
async function checkMade(after: Afterwards, type: string): Promise<void> {
  const made = answerOf<IssuedToken>(after);
  if (made !== undefined) expect(await after.works(made.token)).toBe(true);
  const had = [after.known.record.id, ...(made === undefined ? [] : [made.record.id])];
  expect(after.live.map(({ id }) => id).sort()).toEqual(had.sort());
  const told = after.told.filter((entry) => entry.type === type && entry.subject !== after.known.record.id);
  expect(told.map(({ subject }) => subject)).toEqual(made === undefined ? [] : [made.record.id]);
}

/*
 * A row for each act: its steps are counted, and each is made to fail. An act that is added here is tried like the others.
 */
export const FAULTY_ACTS: Readonly<Record<string, FaultyAct>> = {
  issue: {
    act: ({ auth, caller }) => auth.issue({ name: 'new', grant: GRANT }, caller),
    check: (after) => checkMade(after, 'token.issued'),
  },
  'issue by the operator': {
    act: ({ auth, operator }) => auth.issue({ name: 'new', grant: GRANT }, operator),
    check: (after) => checkMade(after, 'token.issued'),
  },
  exchange: {
    act: ({ auth, caller }) => auth.exchange({ name: 'new', grant: GRANT }, caller),
    check: (after) => checkMade(after, 'token.exchanged'),
  },
  edit: {
    act: ({ auth, operator, known }) => auth.edit(known.record.id, { name: 'renamed' }, operator),
    async check(after) {
      const isDone = answerOf(after) !== undefined;
      expect((await after.stored(after.known.record.id))?.name).toBe(isDone ? 'renamed' : 'known');
      expect(await after.works(after.known.token)).toBe(true);
      expect(after.told.filter(({ type }) => type === 'token.edited')).toHaveLength(Number(isDone));
    },
  },
  rotate: {
    act: ({ auth, operator, known }) => auth.rotate(known.record.id, {}, operator),
    async check(after) {
      const rotated = answerOf<IssuedToken>(after);
      expect(await after.works(after.known.token)).toBe(rotated === undefined);
      if (rotated !== undefined) expect(await after.works(rotated.token)).toBe(true);
      expect(after.told.filter(({ type }) => type === 'token.rotated')).toHaveLength(Number(rotated !== undefined));
    },
  },
  revoke: {
    act: ({ auth, caller, known }) => auth.revoke(known.record.id, caller),
    async check(after) {
      const isDone = answerOf<Revocation>(after) !== undefined;
      expect(await after.works(after.known.token)).toBe(!isDone);
      expect((await after.stored(after.known.record.id))?.revokedAt !== undefined).toBe(isDone);
      const told = new Set(after.told.filter(({ type }) => type === 'token.revoked').map(({ subject }) => subject));
      expect(told.size).toBe(Number(isDone));
    },
  },
  'revoke by another': {
    act: ({ auth, operator, known }) => auth.revoke(known.record.id, operator),
    async check(after) {
      const isDone = answerOf<Revocation>(after) !== undefined;
      expect(await after.works(after.known.token)).toBe(!isDone);
      expect(after.told.some(({ type }) => type === 'token.revoked')).toBe(isDone);
    },
  },
  revokeAll: {
    act: ({ auth, operator }) => auth.revokeAll({ owner: 'ada' }, operator),
    async check(after) {
      const revoked = answerOf<Revocation[]>(after);
      expect(revoked === undefined || revoked.some(({ id }) => id === after.known.record.id)).toBe(true);
      expect(await after.works(after.known.token)).toBe(revoked === undefined);
      const told = after.told.filter(({ type }) => type === 'tokens.revoked');
      expect(told.length > 0).toBe(revoked !== undefined);
      for (const { details } of told) expect(details).toMatchObject({ owner: 'ada', count: 1 });
    },
  },
  remove: {
    prepare: ({ auth, operator, known }) => auth.revoke(known.record.id, operator),
    act: ({ auth, operator, known }) => auth.remove(known.record.id, operator),
    async check(after) {
      const isGone = (await after.stored(after.known.record.id)) === undefined;
      if (answerOf(after) !== undefined) expect(isGone).toBe(true);
      // It had ended before: a removal of which nothing is known any more is told by the log alone.
      expect(after.told.filter(({ type }) => type === 'token.deleted')).toHaveLength(Number(isGone));
    },
  },
  import: {
    act: importEarlier,
    async check(after) {
      const made = answerOf<TokenInfo>(after);
      expect(await after.works(EARLIER.text)).toBe(made !== undefined);
      const told = after.told.filter(
        ({ type, subject }) => type === 'token.issued' && subject !== after.known.record.id,
      );
      expect(told.map(({ subject }) => subject)).toEqual(made === undefined ? [] : [made.id]);
    },
  },
  'first use of an imported key': {
    prepare: importEarlier,
    act: ({ auth }) => auth.verify(EARLIER.text),
    async check(after) {
      expect(await after.works(EARLIER.text)).toBe(true);
      expect(after.live).toHaveLength(2);
    },
  },
  'key rotation: a token moves to the next key': {
    ring: RING,
    act: ({ open, known }) => open(RING).auth.verify(known.token),
    async check(after) {
      expect(await after.works(after.known.token)).toBe(true);
      expect((await after.open(RING).auth.keys()).map(({ tokens }) => tokens)).toEqual([1, 0]);
    },
  },
  'key rotation: the former key is dropped': {
    ring: RING,
    async prepare({ open, known }) {
      const { auth, stores } = open(RING);
      await createSigningKeys({ store: stores.signingKeys, sealer: SIGNING_SEALED }).signer();
      await auth.verify(known.token);
    },
    async act({ open }) {
      const { log: audit, stores } = open(RING);
      return dropFormerKeys({ store: stores.tokens, signingKeys: stores.signingKeys, digestKey: RING, audit });
    },
    async check(after) {
      expect(await after.works(after.known.token)).toBe(true);
      const again = after.open(RING);
      const { tokens: store, signingKeys } = again.stores;
      if (answerOf(after) === undefined) {
        await dropFormerKeys({ store, signingKeys, digestKey: RING, audit: again.log });
      }
      const alone = after.open(NEXT_KEY);
      expect((await alone.auth.verify(after.known.token)).id).toBe(after.known.record.id);
      expect(await alone.log.verify()).toMatchObject({ intact: true });
      const keys = await alone.stores.signingKeys.list();
      await createSigningKeys({ store: alone.stores.signingKeys, sealer: createSealer(NEXT_KEY) }).signer();
      expect(await alone.stores.signingKeys.list()).toEqual(keys);
    },
  },
  'what a request uses': {
    async act({ meter, caller }) {
      const limited = { ...caller, authority: [{ grant: LIMITED, source: 'test', id: 'counted' }] };
      return Promise.allSettled([meter.admit(limited), meter.admit(limited)]);
    },
    async check(after) {
      const admitted = (answerOf<PromiseSettledResult<unknown>[]>(after) ?? []).filter(
        ({ status }) => status === 'fulfilled',
      );
      const limited = { ...after.caller, authority: [{ grant: LIMITED, source: 'test', id: 'counted' }] };
      const [rate] = await after.meter.usage(limited);
      expect((rate?.limit ?? 0) - (rate?.remaining ?? 0)).toBeGreaterThanOrEqual(admitted.length);
    },
  },
};

const LIMITED = { actions: ['usage:read'], limits: { requestsPerMinute: 1000 } } as const;
