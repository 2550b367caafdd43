import type { AuditEvent, AuditSink } from '../../audit/audit-event.ts';
import { takeBack } from '../../audit/record-act.ts';
import { type Auth, type AuthOptions, createAuth, partsOf } from '../../auth.ts';
import type { Words } from '../../authority/vocabulary.ts';
import { StoreUnavailableError } from '../../errors.ts';
import type { Revocation } from '../../management/revoke-tokens.ts';
import { tellDerived } from '../../management/tell-derived.ts';
import type { TokenStore } from '../../token/token-store.ts';
import { endOfTransaction, type OpenTransaction } from './end-of-transaction.ts';

/** An `Auth` inside a transaction. */
export interface AuthOver<W extends Words = Words> extends Auth<W> {
  /** Resolves when the transaction has ended, and `auth` has heard of it: whether it was committed. */
  readonly ended: Promise<boolean>;
}

/**
 * The same tokens inside a transaction of the host: what is read, written and recorded in the audit log is part of it.
 * The caches and the listeners of `auth` hear of it once the transaction is committed; when it is rolled back, nothing
 * has happened. Nothing is cached inside, and a revocation that cannot be written rejects.
 *
 * An audit log that does not share the database is written at once; when the transaction is rolled back, each of these
 * entries is corrected by another one with `made: false`.
 *
 * @throws {TypeError} when the tokens are not in a store over kysely, or there is no transaction
 * @example
 * ```ts
 * import type { Auth, IssuedToken } from '@latchkey/auth-core';
 * import { over } from '@latchkey/auth-core/stores/kysely';
 * import type { Kysely } from 'kysely';
 *
 * export async function signUp(database: Kysely<{ users: { name: string } }>, auth: Auth, name: string) {
 *   return database.transaction().execute(async (transaction): Promise<IssuedToken> => {
 *     await transaction.insertInto('users').values({ name }).execute();
 *     const inside = over(auth, transaction);
 *     return inside.issue({ name: 'first key', owner: name, grant: { actions: ['usage:read'] } }, auth.operator());
 *   });
 * }
 * ```
 */
export function over<W extends Words>(auth: Auth<W>, transaction: OpenTransaction): AuthOver<W> {
  if (transaction?.isTransaction !== true) throw new TypeError('over() needs an open transaction of kysely');
  const parts = partsOf.get(auth);
  const store = parts?.options.store.over?.(transaction);
  if (parts === undefined || store === undefined) {
    throw new TypeError(
      'over() needs the answer of createAuth(), with a store of createKyselyTokenStore(), or that of openAuth()',
    );
  }
  const { options, onChange } = parts;
  const changed = new Set<string>();
  const audit = options.audit && auditOver(options.audit, transaction);
  const inside = createAuth<W>({
    ...(options as AuthOptions<W>),
    store: noteChanges(store, changed),
    cacheMilliseconds: 0,
    ...(audit !== undefined && { audit: audit.sink }),
  });

  const told = new Set<string>();
  function tellOnce(id: string, change: 'edited' | 'revoked'): void {
    if (!told.has(id)) onChange(id, change);
    told.add(id);
  }

  /** Tells what has become of a token: a part of the transaction may have been rolled back on its own. */
  async function tell(id: string): Promise<void> {
    const found = await options.store.find(id);
    const hasEnded = found === undefined || found.revokedAt !== undefined;
    tellOnce(id, hasEnded ? 'revoked' : 'edited');
    if (!hasEnded) return;
    // The end of a token that the store does not have ends what was derived from its parent through it.
    const { kind, parentId } = found ?? {};
    const isStone = parentId !== undefined && (kind === 'attenuated' || kind === 'access');
    await tellDerived(options.store, [isStone ? parentId : id], tellOnce, isStone ? id : undefined);
  }

  async function end(): Promise<boolean> {
    const committed = await endOfTransaction(transaction);
    await inside.close().catch(() => undefined);
    if (!committed) await audit?.rollBack();
    // What cannot be read now is read by the next verification.
    else for (const id of changed) await tell(id).catch(() => tellOnce(id, 'edited'));
    return committed;
  }

  return {
    ...inside,
    revoke: async (id, by) => requireStored(await inside.revoke(id, by)),
    revokeSelf: async (by) => requireStored(await inside.revokeSelf(by)),
    revokeAll: async (input, by) => (await inside.revokeAll(input, by)).map(requireStored),
    ended: end(),
  };
}

function noteChanges(store: TokenStore, changed: Set<string>): TokenStore {
  const { watch: _, over: __, ...rest } = store;
  return {
    ...rest,
    async insert(record, ...more) {
      if (record.revokedAt !== undefined) changed.add(record.id);
      return store.insert(record, ...more);
    },
    async update(record, ...more) {
      changed.add(record.id);
      return store.update(record, ...more);
    },
    async remove(id, ...more) {
      changed.add(id);
      return store.remove(id, ...more);
    },
    async endAll(...query) {
      const ended = await store.endAll(...query);
      for (const { id } of ended) changed.add(id);
      return ended;
    },
    // When a token was last used is no business of the host's transaction.
    touch: async () => undefined,
  };
}

/** The process denies a token that could not be stored as revoked; a transaction has no such process. */
function requireStored<W extends Words>(revocation: Revocation<W>): Revocation<W> {
  if (revocation.stored) return revocation;
  throw new StoreUnavailableError(new Error('the revocation could not be written in the transaction'));
}

interface AuditOver {
  readonly sink: AuditSink;
  readonly rollBack: () => Promise<void>;
}

function auditOver(sink: AuditSink, transaction: object): AuditOver {
  const shared = sink.together?.over?.(transaction);
  if (shared !== undefined) return { sink: shared, rollBack: async () => undefined };
  const recorded: AuditEvent[] = [];
  return {
    async sink(event) {
      await sink(event);
      recorded.push(event);
    },
    async rollBack() {
      for (const event of recorded) await takeBack(sink, event).catch(() => undefined);
    },
  };
}
