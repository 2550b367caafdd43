import { type Clock, systemClock } from '../clock.ts';
import { parseDateTime } from '../date-time.ts';
import { AuditUnavailableError, InvalidGrantError } from '../errors.ts';
import { type Repeat, systemRepeat } from '../limits/lease-keeper.ts';
import { requirePart } from '../require-part.ts';
import { guard } from '../store/guard-store.ts';
import { constantTimeEqual } from '../token/digest.ts';
import { type AuditEnds, createAuditChain, FIRST_HEAD, type StampedEvent } from './audit-chain.ts';
import type { AuditActor, AuditEvent, AuditedAct, AuditSink } from './audit-event.ts';
import { createAuditQueue, type LostEvents } from './audit-queue.ts';
import type { AuditEntry, AuditHead, AuditQuery, AuditStore, SealedAuditHead } from './audit-store.ts';
import type { AuditVerification } from './audit-verification.ts';
import { openEnd } from './open-end.ts';
import { createRefusalCounter } from './refusal-counter.ts';
import { trimEvent } from './trim-event.ts';
import { findCut, type TrimLimits, trimLog } from './trim-log.ts';
import { verifyChain } from './verify-chain.ts';
import { verifyExport } from './verify-export.ts';

/** What {@link createAuditLog} works with. */
export interface AuditLogOptions {
  readonly store: AuditStore;
  /** At least 32 bytes that stay outside the database: who has them can forge the log. */
  readonly key: Uint8Array;
  readonly clock?: Clock;
  /** The timer on which counted events are written, once a minute while there are some. */
  readonly repeat?: Repeat;
  /** Is told of notes that never reached the log. It must not throw. */
  readonly onLost?: (lost: LostEvents) => void;
}

/** Which entries {@link AuditLog.list} gives. All that are present must fit. */
export interface AuditListOptions extends Omit<AuditQuery, 'limit'> {
  /** 1 to 1000, by default 100. */
  readonly limit?: number;
  /** RFC 3339: at this time or later. */
  readonly since?: string;
  /** RFC 3339: before this time. */
  readonly until?: string;
}

/** From where {@link AuditLog.verify} goes, and what it expects. */
export interface AuditVerifyOptions {
  /** An end that the log once had, and that was kept elsewhere. */
  readonly expectedHead?: AuditHead;
  /**
   * `start`, by default, reads the whole log; `checkpoint` reads what came after the last checkpoint, at most some 10,000
   * entries, and the entries of the checkpoints before it.
   */
  readonly from?: 'start' | 'checkpoint';
}

/** What {@link AuditLog.trim} removes; when both are given, what the one or the other says. */
export interface AuditTrimOptions {
  /** RFC 3339: entries before this time, up to the first that is not. */
  readonly before?: string;
  /** All but about so many entries, at least 1. */
  readonly keep?: number;
  /** Who trims. */
  readonly actor?: AuditActor;
}

/** An append-only log in which each entry commits to the one before it. */
export interface AuditLog extends AsyncDisposable {
  /**
   * Adds an event; once it has resolved, the entry is durable. For administration and tool calls. Events that come
   * while others are written are written together.
   *
   * Texts are cut, visibly, at 200 characters (`subject` at 512), `details` at 4096 bytes of JSON.
   *
   * @throws {AuthError} `AUTH_AUDIT_UNAVAILABLE`, also when the end of the log is not what the log last wrote
   */
  readonly record: AuditSink;
  /**
   * Adds an event soon, and never fails: for denials and logins that failed. Up to 10,000 wait; what finds no room, or
   * a store that fails, is lost, and an entry `audit.dropped` says how many were.
   *
   * Of strangers' events (without `actor.id`), of `authentication.refused` and of `limit.exceeded` that are alike in type,
   * `details.code`, `actor.id` and address, the first is written, and within the minute the others are only counted: one more entry
   * with `details.count` and `details.since`. No more than 256 callers are told apart in a minute. Of what else was denied
   * to somebody known (types that end in `.denied`), the first 60 of a minute are written for each `actor.rootId`, and
   * the others counted in the same way.
   */
  note(event: AuditEvent): void;
  /**
   * A keyed digest of a JSON value, as 64 hexadecimal digits: what a tool call's arguments are remembered by. Equal
   * values have equal digests, and without the key nobody can try guesses against them.
   *
   * @throws {RangeError} when the value is nested some thousand levels deep
   */
  digest(value: unknown): Promise<string>;
  /**
   * Entries by `seq`, the lowest first; for the next page give the last one's `seq` as `after`. What this log has
   * noted before is among them. They are not verified.
   *
   * @throws {AuthError} `AUTH_GRANT_INVALID` when an option is not what it must be, and `AUTH_STORE_UNAVAILABLE`
   */
  list(options?: AuditListOptions): Promise<AuditEntry[]>;
  /**
   * Reads the log and says whether it is as it was written, or which entry is the first that is not.
   *
   * The store alone cannot show that all of it was put back to an earlier state, or emptied. That is found with
   * `expectedHead`, a head that was kept elsewhere, and by a log that has written since it was created.
   *
   * @throws {AuthError} `AUTH_STORE_UNAVAILABLE`, and `AUTH_GRANT_INVALID` when the entry of `expectedHead` was trimmed
   */
  verify(options?: AuditVerifyOptions): Promise<AuditVerification>;
  /**
   * The same for entries that were copied out of a log with the same key, in their order, all types of them. They may begin
   * with any entry; that their end was not cut off is known by `expectedHead` alone.
   *
   * @throws what reading the pages throws
   */
  verifyExport(
    pages: AsyncIterable<readonly AuditEntry[]>,
    options?: Pick<AuditVerifyOptions, 'expectedHead'>,
  ): Promise<AuditVerification>;
  /**
   * Removes the beginning of the log, and says how many entries that were. What is removed is verified first. An entry
   * `audit.trimmed` says how many went (`count`, 10,000 at most in each of them), which was the last (`through`) and its time
   * (`until`); the record of the log's end is sealed with the new beginning, so that the rest can be verified as before.
   *
   * @throws {AuthError} `AUTH_AUDIT_UNAVAILABLE`, also when what is to be removed is not as it was written: it stays then;
   *   `AUTH_GRANT_INVALID` when an option is not what it must be
   */
  trim(options: AuditTrimOptions): Promise<number>;
  /** Says whether the log can go on from where it ends. @throws {AuthError} `AUTH_AUDIT_UNAVAILABLE` when it cannot */
  check(): Promise<void>;
  /** Writes whatever waits, and closes the store. Later records are rejected, later notes are lost. */
  close(): Promise<void>;
}

const LIST_DEFAULT = 100;
const LIST_MAXIMUM = 1000;
const MINUTE_MILLISECONDS = 60_000;

/**
 * Creates an audit log on a store. Several processes may append to one log; each has a log of its own on it, with the
 * same key.
 *
 * @throws {TypeError} when the key has fewer than 32 bytes
 * @example
 * ```ts
 * import { createAuditLog, createAuth, createMemoryAuditStore, createMemoryTokenStore } from '@latchkey/auth-core';
 *
 * const key = crypto.getRandomValues(new Uint8Array(32)); // keep it, outside the database
 * const log = createAuditLog({ store: createMemoryAuditStore(), key });
 * const auth = createAuth({ store: createMemoryTokenStore(), digestKey: key, audit: log.record });
 *
 * await auth.issue({ name: 'ci-bot', grant: { actions: ['usage:read'] } }, auth.operator());
 * await log.record({ type: 'settings.changed', actor: { name: 'operator' }, subject: 'requireAuthentication' });
 * for (const entry of await log.list()) console.log(JSON.stringify(entry));
 * console.log(await log.verify()); // { intact: true, … }
 * ```
 */
export function createAuditLog(options: AuditLogOptions): AuditLog {
  requirePart('createAuditLog', 'store', options?.store, ['append', 'trim', 'read', 'head', 'checkpoints']);
  const { store, key, clock = systemClock, repeat = systemRepeat, onLost = () => undefined } = options;
  const chain = createAuditChain(key);
  const refusals = createRefusalCounter(clock);
  const queue = createAuditQueue(append, (event) => ({ at: clock().toISOString(), event }), onLost);
  /** The last head that this log has written. */
  let written = FIRST_HEAD;
  let stopCounting: (() => void) | undefined;
  let closing: Promise<void> | undefined;

  function openOwnEnd(sealed: SealedAuditHead | undefined, read: AuditStore['read']): Promise<AuditEnds> {
    return openEnd(chain, sealed, read, written);
  }

  /** Of two appends, the first may get to know of it last. */
  function hasWritten(next: AuditHead | undefined): void {
    if (next !== undefined && next.seq > written.seq) written = next;
  }

  /** Appends after the act, if there is one; false when that was not made. */
  async function append(events: readonly StampedEvent[], act?: AuditedAct): Promise<boolean> {
    let next: AuditHead | undefined;
    await store.append(async (sealed, read) => {
      const batch = await chain.extend(await openOwnEnd(sealed, read), events);
      next = { seq: batch.head.seq, hash: batch.head.hash };
      return batch;
    }, act);
    hasWritten(next);
    return next !== undefined;
  }

  /** What is read apart may have been appended to in between. */
  async function checkEnd(): Promise<void> {
    for (let sealed = await store.head(); ; ) {
      try {
        await openOwnEnd(sealed, store.read);
        return;
      } catch (error) {
        const now = await store.head();
        if (isUnchanged(now, sealed)) throw error;
        sealed = now;
      }
    }
  }

  /** An act that fails by itself says nothing of the log. */
  async function appendWith(event: AuditEvent, act: AuditedAct): Promise<boolean> {
    let failure: { readonly cause: unknown } | undefined;
    const stamped = { at: clock().toISOString(), event: trimEvent(event) };
    return guardLog(
      () =>
        append([stamped], async (transaction) => {
          failure = undefined;
          try {
            return await act(transaction);
          } catch (cause) {
            failure = { cause };
            throw cause;
          }
        }),
      () => failure,
    );
  }

  async function record(event: AuditEvent): Promise<void> {
    await guardLog(() =>
      closing === undefined ? queue.record(trimEvent(event)) : Promise.reject(new Error('the audit log is closed')),
    );
  }

  function writeCounted(): void {
    stopCounting?.();
    stopCounting = undefined;
    for (const event of refusals.drain()) queue.note(event);
  }

  async function finish(): Promise<void> {
    writeCounted();
    await queue.drain();
    await guard(() => store.close());
  }

  function close(): Promise<void> {
    closing ??= finish();
    return closing;
  }

  return {
    record: Object.assign(record, {
      together: store.database && { database: store.database, write: appendWith },
    }),
    note(event) {
      if (closing !== undefined) {
        onLost({ count: 1 });
        return;
      }
      const trimmed = trimEvent(event);
      if (refusals.admit(trimmed)) queue.note(trimmed);
      if (refusals.isCounting()) stopCounting ??= repeat(writeCounted, MINUTE_MILLISECONDS);
    },
    async digest(value) {
      return chain.digest(value);
    },
    async list(listing = {}) {
      const query = readListing(listing);
      await queue.settle();
      return guard(() => store.read(query));
    },
    async verify({ expectedHead, from = 'start' } = {}) {
      await queue.settle();
      const expected = expectedHead === undefined ? [written] : [written, expectedHead];
      const found = await guard(() => verifyChain(store, chain, { expected, from }));
      const trimmed = found.intact ? (found.trimmed?.seq ?? 0) : 0;
      if (expectedHead === undefined || expectedHead.seq >= trimmed) return found;
      throw new InvalidGrantError(
        'expectedHead',
        `is of entry ${expectedHead.seq}, and the log was trimmed up to entry ${trimmed}: expect a later head`,
      );
    },
    verifyExport: (pages, { expectedHead } = {}) =>
      verifyExport(pages, chain, expectedHead === undefined ? [] : [expectedHead]),
    async trim({ actor = {}, ...options }) {
      const limits = readLimits(options);
      await queue.settle();
      return guardLog(async () => {
        const trimmed = await trimLog(store, chain, await findCut(store, limits), openOwnEnd, (details) => ({
          at: clock().toISOString(),
          event: trimEvent({ type: 'audit.trimmed', actor, details: { ...details } }),
        }));
        hasWritten(trimmed.written);
        return trimmed.count;
      });
    },
    check: () => guardLog(checkEnd),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Calls, and turns what goes wrong into `AUTH_AUDIT_UNAVAILABLE`, unless it was something else that failed. */
async function guardLog<T>(
  call: () => Promise<T>,
  failureOf: () => { readonly cause: unknown } | undefined = () => undefined,
): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    const failure = failureOf();
    if (failure !== undefined) throw failure.cause;
    throw new AuditUnavailableError(cause);
  }
}

function readLimits({ before, keep }: Pick<AuditTrimOptions, 'before' | 'keep'>): TrimLimits {
  if (before === undefined && keep === undefined) {
    throw new InvalidGrantError('before', 'must say before which time entries go, or keep how many stay');
  }
  if (keep !== undefined && (!Number.isSafeInteger(keep) || keep < 1)) {
    throw new InvalidGrantError('keep', 'must be a whole number from 1');
  }
  return { keep, before: before === undefined ? undefined : readTime(before, 'before') };
}

function readListing({ after, limit = LIST_DEFAULT, since, until, ...rest }: AuditListOptions): AuditQuery {
  if (!Number.isInteger(limit) || limit < 1 || limit > LIST_MAXIMUM) {
    throw new InvalidGrantError('limit', `must be a whole number from 1 to ${LIST_MAXIMUM}`);
  }
  if (after !== undefined && (!Number.isSafeInteger(after) || after < 0)) {
    throw new InvalidGrantError('after', 'must be the seq of an entry, a whole number from 0');
  }
  return {
    ...rest,
    limit,
    ...(after !== undefined && { after }),
    ...(since !== undefined && { since: readTime(since, 'since') }),
    ...(until !== undefined && { until: readTime(until, 'until') }),
  };
}

function readTime(text: string, path: string): string {
  const time = parseDateTime(text);
  if (time === undefined)
    throw new InvalidGrantError(path, 'must be a date and time such as 2027-01-31T12:00:00Z (RFC 3339)');
  return new Date(time).toISOString();
}

function isUnchanged(now: SealedAuditHead | undefined, before: SealedAuditHead | undefined): boolean {
  if (now === undefined || before === undefined) return now === before;
  return constantTimeEqual(now.seal, before.seal);
}
