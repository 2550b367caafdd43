import type { AuditTrail } from '../../audit/audit-trail.ts';
import { ServerError } from '../../contracts/server-error.ts';
import type { KeyedRequest, KeyedRequests, Taken } from '../../idempotency/keyed-requests.ts';
import type { KeyedRun } from '../../idempotency/keyed-run.ts';
import { record } from '../../idempotency/recording.ts';
import { fromStoredError, type StoredAnswer, toStoredError } from '../../idempotency/stored-answer.ts';
import { unlessAway } from '../end-tokens.ts';
import { headersOf, type Reply, type ReplyHeaders } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import type { Route } from '../route.ts';
import type { Guard, Step } from '../step.ts';
import { toServerError } from '../to-server-error.ts';

const HEADER = 'Idempotency-Key';
/** Printable ASCII without spaces; the quotes that the IETF's draft puts around a key count as part of it. */
const KEY = /^[\x21-\x7e]{1,255}$/;

type AnswerHead = Pick<Extract<StoredAnswer, { status: number }>, 'status' | 'headers'>;

/** An endpoint that respects the key. */
type OnceRoute = Pick<Route, 'method' | 'path' | 'ends'> & { readonly idempotency: 'kept' | 'secret' };

export interface AnswerOnceOptions {
  readonly requests: Pick<KeyedRequests, 'take'>;
  readonly trail: Pick<AuditTrail, 'hasActed'>;
  /** Verifies the caller and decides again, since the answer was produced for another request. */
  readonly decideAgain: Guard;
}

/**
 * Carries a request out once for each `Idempotency-Key`: repeats get the answer of the first request. A request that is
 * refused before anything was done leaves its key free.
 */
export function answerOnce({ requests, trail, decideAgain }: AnswerOnceOptions, route: OnceRoute): Step {
  return async (context, next) => {
    const key = readKey(context);
    if (key === undefined) return next();
    const taking = requests.take(describe(context, key, route), context.signal);
    const taken = route.ends === undefined ? await taking : await unlessLate(taking);
    if (taken === undefined) return next();
    if ('run' in taken) {
      await keepGoing(context, taken.run, route);
      return carryOut(context, next, taken.run, trail);
    }
    await decideAgain(context);
    context.replyHeaders['Idempotent-Replayed'] = 'true';
    if ('follows' in taken) {
      const { status, headers, recording } = taken.follows;
      return { status, headers, body: { stream: recording.follow() } };
    }
    if ('error' in taken.answer) throw fromStoredError(taken.answer.error);
    const { status, headers, body } = taken.answer;
    return body === '' ? { status, headers } : { status, headers, body: { text: body } };
  };
}

/** Revoking a token must not wait for the store of answers; a key that is taken too late is released. */
async function unlessLate(taking: Promise<Taken>): Promise<Taken | undefined> {
  const taken = await unlessAway(() => taking);
  if (taken === undefined) void taking.then((late) => ('run' in late ? late.run.release() : undefined)).catch(() => {});
  return taken;
}

function readKey({ header }: RequestContext): string | undefined {
  const [key, ...others] = header(HEADER.toLowerCase());
  if (key === undefined) return undefined;
  if (others.length === 0 && KEY.test(key)) return key;
  throw new ServerError('INVALID_REQUEST', `${HEADER} must be one header of 1 to 255 printable ASCII characters.`, {
    param: HEADER,
  });
}

function describe(context: RequestContext, key: string, route: OnceRoute): KeyedRequest {
  const { method, path, querystring, body } = context;
  const { principal } = context.auth;
  // An access token is replaced every few minutes, so it counts as the token that it was derived from.
  const token = principal.kind === 'access' ? principal.tokenId : principal.id;
  const stranger = principal.kind === 'anonymous' ? (context.address ?? '') : '';
  return {
    name: [token, stranger, principal.project ?? '', route.method, route.path, key],
    rootId: principal.rootId,
    content: JSON.stringify([method, path, querystring, contentOf(body)]),
    authority: JSON.stringify(principal.authority.map(({ grant }) => grant)),
    showsSecret: route.idempotency === 'secret',
  };
}

const contentOf = (body: unknown): unknown => (body instanceof URLSearchParams ? body.toString() : body);

/**
 * Keeps the request watched for as long as it runs. One whose caller left before is not carried out, and its key is
 * free; but what ends a token does so in any case.
 */
async function keepGoing(context: RequestContext, run: KeyedRun, { ends }: OnceRoute): Promise<void> {
  try {
    context.goesOnUntil(run.ended);
  } catch (gone) {
    if (ends !== undefined) return;
    await run.release();
    throw gone;
  }
}

/** Carries the request out even if its caller disconnects, and stores the answer before it is sent. */
async function carryOut(
  context: RequestContext,
  next: () => Promise<Reply>,
  run: KeyedRun,
  trail: Pick<AuditTrail, 'hasActed'>,
): Promise<Reply> {
  const before = { ...context.replyHeaders };
  const over = async (answer: StoredAnswer | undefined): Promise<void> => {
    if (answer === undefined && !trail.hasActed()) await run.release();
    else await run.answer(answer);
  };
  context.signal = AbortSignal.any([context.ended, run.stopping]);
  let reply: Reply;
  try {
    reply = await next();
  } catch (error) {
    await over(trail.hasActed() ? toStoredError(toServerError(error)) : undefined);
    throw error;
  }
  const { body } = reply;
  const head = headOf(reply, addedTo(before, context.replyHeaders));
  if (body === undefined || 'json' in body || 'text' in body) {
    await run.answer({ ...head, body: textOf(body) });
    return reply;
  }
  const recording = record('events' in body ? body.events : body.stream, (whole) =>
    over(whole && { ...head, body: Buffer.from(whole).toString() }),
  );
  run.share({ ...head, recording });
  // Heartbeats belong to the connection and are not part of the stored answer.
  const followed = recording.follow();
  return { ...reply, body: 'events' in body ? { ...body, events: followed } : { stream: followed } };
}

/** The headers that were added after the endpoint began. */
const addedTo = (before: ReplyHeaders, after: ReplyHeaders): ReplyHeaders =>
  Object.fromEntries(Object.entries(after).filter(([name, value]) => before[name] !== value));

/** The status, and the headers of the endpoint itself. */
function headOf({ status, headers, body }: Reply, added: ReplyHeaders): AnswerHead {
  const all = Object.entries({ ...headersOf(body), ...added, ...headers });
  return { status, headers: Object.fromEntries(all.map(([name, value]) => [name.toLowerCase(), String(value)])) };
}

const textOf = (body: { readonly json: unknown } | { readonly text: string } | undefined): string =>
  body === undefined ? '' : 'text' in body ? body.text : JSON.stringify(body.json);
