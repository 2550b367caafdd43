import { type Clock, systemClock } from '../clock.ts';
import { parseDateTime } from '../date-time.ts';
import { AuditUnavailableError, InvalidInputError } from '../errors.ts';
import { guard } from '../guard.ts';
import { notify } from '../notify.ts';
import { type Repeat, systemRepeat } from '../repeat.ts';
import { requirePart } from '../require-part.ts';
import { constantTimeEqual } from '../token/digest.ts';
import type { KeyRing } from '../token/key-ring.ts';
import { ANCHORED, type AuditEnds, createAuditChain, FIRST_HEAD, type StampedEvent } from './audit-chain.ts';
import type { AuditActor, AuditEvent, AuditedAct, AuditSink } from './audit-event.ts';
import { createAuditQueue, type LostEvents } from './audit-queue.ts';
import type { AuditEntry, AuditHead, AuditQuery, AuditStore, SealedAuditHead } from './audit-store.ts';
import type { AuditVerification } from './audit-verification.ts';
import { openEnd } from './open-end.ts';
import { createRefusalCounter } from './refusal-counter.ts';
import { TamperedLogError } from './tampered-log-error.ts';
import { trimEvent } from './trim-event.ts';
import { findCut, type TrimLimits, trimLog } from './trim-log.ts';
import { verifyChain } from './verify-chain.ts';
import { verifyExport } from './verify-export.ts';

/** What {@link createAuditLog} works with. */
export interface AuditLogOptions {
  readonly store: AuditStore;
  /**
   * At least 32 bytes, kept outside the database: with them, the log can be forged. To change them, give the present key
   * and up to three former ones; `anchor` makes the former ones unnecessary.
   */
  readonly key: KeyRing;
  readonly clock?: Clock;
  /** The timer on which counted events are written, once a minute while there are some. */
  readonly repeat?: Repeat;
  /** Called when notes were lost before they reached the log. It must not throw. */
  readonly onLost?: (lost: LostEvents) => void;
}

/** Which entries {@link AuditLog.list} returns. An entry must match every option that is present. */
export interface AuditListOptions extends Omit<AuditQuery, 'limit'> {
  /** 1 to 1000, by default 100. */
  readonly limit?: number;
  /** RFC 3339: at this time or later. */
  readonly since?: string;
  /** RFC 3339: before this time. */
  readonly until?: string;
}

/** Where {@link AuditLog.verify} begins, and what it expects. */
export interface AuditVerifyOptions {
  /** An end that the log once had, and that was kept elsewhere. */
  readonly expectedHead?: AuditHead;
  /**
   * `start`, by default, reads the whole log; `checkpoint` reads what came after the last checkpoint, at most some
   * 10,000 entries, and the entries of the checkpoints before it.
   */
  readonly from?: 'start' | 'checkpoint';
}

/** What {@link AuditLog.trim} removes. With both `before` and `keep`, it removes what either of them selects. */
export interface AuditTrimOptions {
  /** RFC 3339: entries before this time, up to the first that is not. */
  readonly before?: string;
  /** About how many entries stay, at least 1; the older ones are removed. */
  readonly keep?: number;
  /** The actor that the log names for the trim. */
  readonly actor?: AuditActor;
}

/** An append-only log in which each entry commits to the one before it. */
export interface AuditLog extends AsyncDisposable {
  /**
   * Adds an event. Once it has resolved, the entry is durable. For administration and tool calls. Events that arrive
   * during a write are written together afterwards.
   *
   * Texts are cut, with a visible mark, at 200 characters (`subject` at 512), `details` at 4096 bytes of JSON.
   *
   * @throws {AuthError} `AUTH_AUDIT_UNAVAILABLE`, also when the end of the log is not what the log last wrote
   */
  readonly record: AuditSink;
  /**
   * Adds an event soon, and never fails: for denials and failed logins. Up to 10,000 events wait. An event for which
   * there is no room, or that the store fails to write, is lost; an entry `audit.dropped` holds the number of lost
   * events.
   *
   * Three sorts of events are grouped: those of unknown callers (without `actor.id`), `authentication.refused` and
   * `limit.exceeded`. Of events with the same type, `details.code`, `actor.id` and address, the first is written. The
   * others of the same minute are only counted, and make one more entry with `details.count` and `details.since`. At
   * most 256 callers are counted separately in a minute. Of other denials of a known caller (types that end in
   * `.denied`), the first 60 of a minute are written for each `actor.rootId`, and the others are counted in the same
   * way.
   */
  note(event: AuditEvent): void;
  /**
   * A keyed digest of a JSON value, as 64 hexadecimal digits; the log records it in place of a tool call's arguments.
   * Equal values have equal digests. Without the key, a guessed value cannot be tested against a digest.
   *
   * @throws {RangeError} when the value is nested some thousand levels deep
   */
  digest(value: unknown): Promise<string>;
  /**
   * Entries by `seq`, the lowest first. For the next page, pass the `seq` of the last entry as `after`. Events that
   * this log noted before the call are included. The entries are not verified.
   *
   * @throws {AuthError} `AUTH_INPUT_INVALID` when an option is invalid, and `AUTH_STORE_UNAVAILABLE`
   */
  list(options?: AuditListOptions): Promise<AuditEntry[]>;
  /**
   * Reads the log and returns whether it is as it was written, or else the first entry that is not.
   *
   * The store alone cannot show that all of it was put back to an earlier state, or emptied. Two things reveal that:
   * `expectedHead`, a head that was kept elsewhere, and what this log object has itself written since it was created.
   *
   * @throws {AuthError} `AUTH_STORE_UNAVAILABLE`, and `AUTH_INPUT_INVALID` when the entry of `expectedHead` was trimmed
   */
  verify(options?: AuditVerifyOptions): Promise<AuditVerification>;
  /**
   * Verifies entries that were exported from a log with the same key. They must be in order and of all types, and may
   * begin with any entry. Only `expectedHead` can show that the end of the export was not cut off.
   *
   * @throws what reading the pages throws
   */
  verifyExport(
    pages: AsyncIterable<readonly AuditEntry[]>,
    options?: Pick<AuditVerifyOptions, 'expectedHead'>,
  ): Promise<AuditVerification>;
  /**
   * Removes the beginning of the log, and returns the number of removed entries. They are verified first. Entries
   * `audit.trimmed` record how many were removed (`count`, at most 10,000 in each), the last of them (`through`) and
   * its time (`until`). The record of the log's end is sealed with the new beginning, so the rest can be verified as
   * before.
   *
   * @throws {AuthError} `AUTH_AUDIT_UNAVAILABLE`, also when an entry to be removed is not as it was written: it then
   *   stays; `AUTH_INPUT_INVALID` when an option is invalid
   */
  trim(options: AuditTrimOptions): Promise<number>;
  /**
   * Verifies the whole log, and writes an entry `audit.anchored` under the present key: the number and the hash of the
   * entry before it, which all entries up to there are bound into, and, sealed, what verifies entries of former keys.
   * Afterwards the former keys can be left out. Returns the new end of the log.
   *
   * @throws {AuthError} `AUTH_AUDIT_UNAVAILABLE`, also when an entry is not as it was written
   */
  anchor(options?: { readonly actor?: AuditActor }): Promise<AuditHead>;
  /** Checks that the log can be continued from its end. @throws {AuthError} `AUTH_AUDIT_UNAVAILABLE` when it cannot */
  check(): Promise<void>;
  /** Writes all waiting events, and closes the store. Later records are rejected, later notes are lost. */
  close(): Promise<void>;
}

const LIST_DEFAULT = 100;
const LIST_MAXIMUM = 1000;
const MINUTE_MILLISECONDS = 60_000;

/**
 * Creates an audit log on a store. Several processes may append to one log; each creates its own log object on the
 * shared store, with the same key.
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
  const { store, key, clock = systemClock, repeat = systemRepeat } = options;
  const onLost = (lost: LostEvents): void => notify(options.onLost, lost);
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

  /** Keeps the later head: two appends may report theirs in the reverse order. */
  function hasWritten(next: AuditHead | undefined): void {
    if (next !== undefined && next.seq > written.seq) written = next;
  }

  /** Appends the events, after the act if there is one. Returns false when the act was not made. */
  async function append(
    events: readonly StampedEvent[] | (() => StampedEvent[]),
    act?: AuditedAct,
    transaction?: object,
  ): Promise<boolean> {
    let next: AuditHead | undefined;
    await store.append(
      async (sealed, read) => {
        const batch = await chain.extend(
          await openOwnEnd(sealed, read),
          typeof events === 'function' ? events() : events,
        );
        next = { seq: batch.head.seq, hash: batch.head.hash };
        return batch;
      },
      act,
      transaction,
    );
    // What a transaction has written that may be rolled back is not yet the end of the log.
    if (transaction === undefined) hasWritten(next);
    return next !== undefined;
  }

  /** There is one anchor for each time that the key was changed. */
  async function readAnchors(): Promise<void> {
    const anchors: AuditEntry[] = [];
    for (let more = true; more; ) {
      const after = anchors.at(-1)?.seq ?? 0;
      const page = await guard(() => store.read({ type: ANCHORED, after, limit: LIST_MAXIMUM }));
      anchors.push(...page);
      more = page.length === LIST_MAXIMUM;
    }
    await chain.readAnchors(anchors);
  }

  /** Reads the head and the entries separately, so it tries again when the head has changed between the two reads. */
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

  /** Rethrows the error of a failed act as it is: it is not a failure of the log. */
  async function appendWith(
    event: AuditEvent | (() => AuditEvent),
    act: AuditedAct,
    transaction?: object,
  ): Promise<boolean> {
    let failure: { readonly cause: unknown } | undefined;
    const at = clock().toISOString();
    const stamped = () => [{ at, event: trimEvent(typeof event === 'function' ? event() : event) }];
    return guardLog(
      () =>
        append(
          stamped,
          async (transaction) => {
            failure = undefined;
            try {
              return await act(transaction);
            } catch (cause) {
              failure = { cause };
              throw cause;
            }
          },
          transaction,
        ),
      () => failure,
    );
  }

  /** Records in a transaction of the host, which may roll it back. */
  function over(transaction: object): AuditSink {
    const made = async (): Promise<boolean> => true;
    return Object.assign(async (event: AuditEvent) => void (await appendWith(event, made, transaction)), {
      together: {
        database: transaction,
        write: (event: AuditEvent | (() => AuditEvent), act: AuditedAct) => appendWith(event, act, transaction),
      },
    });
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
      together: store.database && {
        database: store.database,
        write: (event: AuditEvent | (() => AuditEvent), act: AuditedAct) => appendWith(event, act),
        over,
      },
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
      await readAnchors();
      const expected = expectedHead === undefined ? [written] : [written, expectedHead];
      const found = await guard(() => verifyChain(store, chain, { expected, from }));
      const trimmed = found.intact ? (found.trimmed?.seq ?? 0) : 0;
      if (expectedHead === undefined || expectedHead.seq >= trimmed) return found;
      throw new InvalidInputError(
        'expectedHead',
        `is of entry ${expectedHead.seq}, and the log was trimmed up to entry ${trimmed}: expect a later head`,
      );
    },
    async verifyExport(pages, { expectedHead } = {}) {
      await readAnchors();
      return verifyExport(pages, chain, expectedHead === undefined ? [] : [expectedHead]);
    },
    async trim({ actor = {}, ...options }) {
      const limits = readLimits(options);
      await queue.settle();
      await readAnchors();
      return guardLog(async () => {
        const trimmed = await trimLog(store, chain, await findCut(store, limits), openOwnEnd, (details) => ({
          at: clock().toISOString(),
          event: trimEvent({ type: 'audit.trimmed', actor, details: { ...details } }),
        }));
        hasWritten(trimmed.written);
        return trimmed.count;
      });
    },
    async anchor({ actor = {} } = {}) {
      await queue.settle();
      await readAnchors();
      return guardLog(async () => {
        const found = await verifyChain(store, chain, { expected: [written], from: 'start' });
        if (!found.intact) throw new TamperedLogError(found.message);
        let anchored = found.head;
        await store.append(async (sealed, read) => {
          const ends = await openOwnEnd(sealed, read);
          const details = await chain.anchorAt(ends.head);
          const event = { ...trimEvent({ type: ANCHORED, actor }), details };
          const batch = await chain.extend(ends, [{ at: clock().toISOString(), event }]);
          anchored = { seq: batch.head.seq, hash: batch.head.hash };
          return batch;
        });
        hasWritten(anchored);
        return anchored;
      });
    },
    check: () => guardLog(checkEnd),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Calls, and turns an error into `AUTH_AUDIT_UNAVAILABLE`, unless `failureOf` returns another failure to rethrow. */
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
    throw new InvalidInputError('before', 'must say before which time entries go, or keep how many stay');
  }
  if (keep !== undefined && (!Number.isSafeInteger(keep) || keep < 1)) {
    throw new InvalidInputError('keep', 'must be a whole number from 1');
  }
  return { keep, before: before === undefined ? undefined : readTime(before, 'before') };
}

function readListing({ after, limit = LIST_DEFAULT, since, until, ...rest }: AuditListOptions): AuditQuery {
  if (!Number.isInteger(limit) || limit < 1 || limit > LIST_MAXIMUM) {
    throw new InvalidInputError('limit', `must be a whole number from 1 to ${LIST_MAXIMUM}`);
  }
  if (after !== undefined && (!Number.isSafeInteger(after) || after < 0)) {
    throw new InvalidInputError('after', 'must be the seq of an entry, a whole number from 0');
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
    throw new InvalidInputError(path, 'must be a date and time such as 2027-01-31T12:00:00Z (RFC 3339)');
  return new Date(time).toISOString();
}

function isUnchanged(now: SealedAuditHead | undefined, before: SealedAuditHead | undefined): boolean {
  if (now === undefined || before === undefined) return now === before;
  return constantTimeEqual(now.seal, before.seal);
}
