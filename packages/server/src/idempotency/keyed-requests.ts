import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import { type Clock, createSealer } from '@latchkey/auth-core';
import { reachStore } from '../contracts/reach-store.ts';
import { ServerError } from '../contracts/server-error.ts';
import { answerIsGone, authorityHasChanged, keyMeansAnother, outcomeIsUnknown, tooManyKeys } from './key-refusals.ts';
import { KeyedRun, type SharedStream } from './keyed-run.ts';
import type { NewRequest, RequestStore, StoredRequest } from './kysely-request-store.ts';
import type { StoredAnswer } from './stored-answer.ts';

/** How often to check whether a run on another server has ended. */
const LOOK_MILLISECONDS = 250;
/** How long a run counts as running after the last sign of life of its server. */
const ALIVE_MILLISECONDS = 10_000;
const KEEP_ALIVE_MILLISECONDS = 3_000;
const SWEEP_MILLISECONDS = 60_000;
/** How long an answer with a secret is stored. */
const SECRET_MILLISECONDS = 600_000;
/** How long to wait for running requests when the server stops. */
const END_MILLISECONDS = 2_000;
/** A larger answer is not stored; its key is. */
const MOST_ANSWER_BYTES = 1_048_576;

/** A request that was sent with a key. */
export interface KeyedRequest {
  /** Identifies the request: its token and project, its route, and the key. */
  readonly name: readonly string[];
  readonly rootId: string;
  /** The rest of the request, for comparison. */
  readonly content: string;
  /** The grants with which it is carried out. */
  readonly authority: string;
  /** Its answer contains a secret, and is stored for a shorter time. */
  readonly showsSecret: boolean;
}

/** The result of taking a key: the request is to be carried out, has been answered, or runs and can be followed. */
export type Taken = { readonly run: KeyedRun } | { readonly answer: StoredAnswer } | { readonly follows: SharedStream };

/** Carries requests out once for each key, across all servers that share the database. */
export interface KeyedRequests extends AsyncDisposable {
  /**
   * Takes the key, or waits for the request that holds it.
   *
   * @throws {ServerError} `IDEMPOTENCY_*` and `PERMISSION_DENIED`: the request is not carried out
   */
  take(request: KeyedRequest, signal: AbortSignal): Promise<Taken>;
  /** Deletes expired keys and answers; also runs by itself every minute. */
  sweep(): Promise<void>;
}

export interface KeyedRequestsOptions {
  readonly store: RequestStore;
  /** The keys of the encryption of answers, the present one first. */
  readonly secrets: readonly [Uint8Array, ...Uint8Array[]];
  /** The key of the digests: a request that is sent again after the secret was changed must be recognised. */
  readonly oldestSecret: Uint8Array;
  readonly clock: Clock;
  /** How long a key is remembered. */
  readonly hours: number;
  /** Called for an answer that could not be stored. */
  readonly onLost: (cause: unknown) => void;
}

const purposeOf = (id: string): string => `keyed request ${id}`;

async function passed(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeoutPromise(milliseconds, undefined, { signal }).catch(() => signal.throwIfAborted());
}

export function createKeyedRequests({
  store,
  secrets,
  oldestSecret,
  clock,
  hours,
  onLost,
}: KeyedRequestsOptions): KeyedRequests {
  const sealer = createSealer(secrets);
  const digestKey = createHmac('sha256', oldestSecret).update('idempotency').digest();
  const digest = (text: string): string => createHmac('sha256', digestKey).update(text).digest('hex');
  const after = (milliseconds: number): string => new Date(clock().getTime() + milliseconds).toISOString();
  const runId = randomUUID();
  const running = new Map<string, KeyedRun>();
  const stopping = new AbortController();

  const sweep = (): Promise<void> => store.sweep(after(0));
  const timers = [
    setInterval(() => void sweep().catch(() => {}), SWEEP_MILLISECONDS).unref(),
    setInterval(() => {
      if (running.size > 0) void store.keepAlive([...running.keys()], runId, after(ALIVE_MILLISECONDS)).catch(() => {});
    }, KEEP_ALIVE_MILLISECONDS).unref(),
  ];

  function begin(request: NewRequest, showsSecret: boolean): KeyedRun {
    const { id } = request;
    const until = showsSecret ? after(SECRET_MILLISECONDS) : request.expiresAt;
    const run = new KeyedRun({
      stopping: stopping.signal,
      keep: async (answer) => {
        try {
          const text = answer && JSON.stringify(answer);
          const isKept = text !== undefined && Buffer.byteLength(text) <= MOST_ANSWER_BYTES;
          await store.finish(id, runId, isKept ? { text: await sealer.seal(purposeOf(id), text), until } : undefined);
        } catch (error) {
          onLost(error);
        }
      },
      release: () => store.release(id, runId).catch(onLost),
    });
    running.set(id, run);
    void run.ended.then(() => running.delete(id));
    return run;
  }

  async function answerOf({ id, answer, answerUntil }: StoredRequest): Promise<StoredAnswer> {
    if (answer === undefined || answerUntil <= after(0)) throw answerIsGone();
    return JSON.parse(await sealer.open(purposeOf(id), answer)) as StoredAnswer;
  }

  return {
    async take({ name, rootId, content, authority, showsSecret }, signal) {
      const id = digest(JSON.stringify(name));
      const described = { id, rootId, runId, digest: digest(content), authority: digest(authority) };
      for (;;) {
        signal.throwIfAborted();
        const request = {
          ...described,
          now: after(0),
          aliveUntil: after(ALIVE_MILLISECONDS),
          expiresAt: after(hours * 3_600_000),
        };
        const found = await reachStore(() => store.claim(request));
        if (found === true) return { run: begin(request, showsSecret) };
        if (found === 'full') throw tooManyKeys();
        if (found === undefined) continue;
        if (!isSameContent(found.digest, described.digest)) throw keyMeansAnother();
        if (found.authority !== described.authority) throw authorityHasChanged();
        if (found.state === 'answered') return { answer: await answerOf(found) };
        const here = running.get(id);
        if (here === undefined && found.aliveUntil <= after(0)) throw outcomeIsUnknown();
        const stream = await here?.streamOrEnd(signal);
        if (stream !== undefined) return { follows: stream };
        if (here === undefined) await passed(LOOK_MILLISECONDS, signal);
      }
    },
    sweep,
    async [Symbol.asyncDispose]() {
      for (const timer of timers) clearInterval(timer);
      stopping.abort(new ServerError('SHUTTING_DOWN', 'The server is shutting down.'));
      const ended = Promise.all([...running.values()].map((run) => run.ended));
      // A run that has not ended by then is not awaited further: its key then reports an unknown outcome.
      await Promise.race([ended, setTimeoutPromise(END_MILLISECONDS, undefined, { ref: false })]);
    },
  };
}

const isSameContent = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
