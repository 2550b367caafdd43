import type { OutgoingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { Context, Middleware, Next } from 'koa';
import type { AuditTrail } from '../../audit/audit-trail.ts';
import { ServerError } from '../../contracts/server-error.ts';
import type { KeyedRequest, KeyedRequests, Taken } from '../../idempotency/keyed-requests.ts';
import type { KeyedRun } from '../../idempotency/keyed-run.ts';
import { type Recording, record } from '../../idempotency/recording.ts';
import { fromStoredError, type StoredAnswer, toStoredError } from '../../idempotency/stored-answer.ts';
import { unlessAway } from '../end-tokens.ts';
import type { Route } from '../route.ts';
import type { ServerState } from '../state.ts';
import { toServerError } from '../to-server-error.ts';

const HEADER = 'Idempotency-Key';
/** Printable ASCII without spaces; quotes, which the IETF's draft puts around a key, are a part of it. */
const KEY = /^[\x21-\x7e]{1,255}$/;

type OnceContext = Parameters<Middleware<ServerState>>[0];
type AnswerHead = Pick<Extract<StoredAnswer, { status: number }>, 'status' | 'headers'>;

/** An endpoint that minds the key. */
type OnceRoute = Pick<Route, 'method' | 'path' | 'ends'> & { readonly idempotency: 'kept' | 'secret' };

export interface AnswerOnceOptions {
  readonly requests: Pick<KeyedRequests, 'take'>;
  readonly trail: Pick<AuditTrail, 'hasActed'>;
  /** Verifies the caller and decides about it again: what it is given was another request's answer. */
  readonly decideAgain: (ctx: OnceContext) => Promise<void>;
}

/**
 * Carries a request out once, however often it is sent with the same `Idempotency-Key`: those that come later get the
 * answer of the first. What was refused before anything was done leaves its key free.
 */
export function answerOnce(
  { requests, trail, decideAgain }: AnswerOnceOptions,
  route: OnceRoute,
): Middleware<ServerState> {
  return async function answerOnceMiddleware(ctx, next) {
    const key = readKey(ctx);
    if (key === undefined) return next();
    const request = describe(ctx, key, route);
    const taking = requests.take(request, ctx.state.signal);
    const taken = route.ends === undefined ? await taking : await unlessLate(taking);
    if (taken === undefined) return next();
    if ('run' in taken) return carryOut(ctx, next, taken.run, trail);
    await decideAgain(ctx);
    ctx.set('Idempotent-Replayed', 'true');
    if ('follows' in taken)
      give(ctx, taken.follows, Readable.from(taken.follows.recording.follow(), { objectMode: false }));
    else if ('error' in taken.answer) throw fromStoredError(taken.answer.error);
    else give(ctx, taken.answer, taken.answer.body);
  };
}

/** To end a token must not wait for the place where answers are kept; what comes too late is given back. */
async function unlessLate(taking: Promise<Taken>): Promise<Taken | undefined> {
  const taken = await unlessAway(() => taking);
  if (taken === undefined) void taking.then((late) => ('run' in late ? late.run.release() : undefined)).catch(() => {});
  return taken;
}

function readKey({ req }: Context): string | undefined {
  const [key, ...others] = req.headersDistinct[HEADER.toLowerCase()] ?? [];
  if (key === undefined) return undefined;
  if (others.length === 0 && KEY.test(key)) return key;
  throw new ServerError('INVALID_REQUEST', `${HEADER} must be one header of 1 to 255 printable ASCII characters.`, {
    param: HEADER,
  });
}

function describe({ method, path, querystring, state }: OnceContext, key: string, route: OnceRoute): KeyedRequest {
  const { principal } = state.auth;
  // An access token is replaced every few minutes: it counts as the token that it is made from.
  const token = principal.kind === 'access' ? principal.tokenId : principal.id;
  const stranger = principal.kind === 'anonymous' ? (state.address ?? '') : '';
  return {
    name: [token, stranger, principal.project ?? '', route.method, route.path, key],
    rootId: principal.rootId,
    content: JSON.stringify([method, path, querystring, contentOf(state.body)]),
    authority: JSON.stringify(principal.authority.map(({ grant }) => grant)),
    showsSecret: route.idempotency === 'secret',
  };
}

const contentOf = (body: unknown): unknown => (body instanceof URLSearchParams ? body.toString() : body);

/** Carries it out, whether its caller stays or not, and keeps the answer before it is given. */
async function carryOut(
  ctx: OnceContext,
  next: Next,
  run: KeyedRun,
  trail: Pick<AuditTrail, 'hasActed'>,
): Promise<void> {
  const before = ctx.response.headers;
  const over = async (answer: StoredAnswer | undefined): Promise<void> => {
    if (answer === undefined && !trail.hasActed()) await run.release();
    else await run.answer(answer);
  };
  let recording: Recording | undefined;
  ctx.state.goesOn = run.ended;
  ctx.state.signal = AbortSignal.any([ctx.state.ended, run.stopping]);
  ctx.state.record = (source) => {
    recording = record(source, (whole) =>
      over(whole && { ...headOf(ctx, before), body: Buffer.from(whole).toString() }),
    );
    return recording.follow();
  };
  try {
    await next();
  } catch (error) {
    // An answer that has begun ends by itself.
    if (recording === undefined) await over(trail.hasActed() ? toStoredError(toServerError(error)) : undefined);
    throw error;
  }
  if (recording === undefined) await run.answer({ ...headOf(ctx, before), body: textOf(ctx.body) });
  else run.share({ ...headOf(ctx, before), recording });
}

function give(ctx: Context, { status, headers }: AnswerHead, body: unknown): void {
  ctx.status = status;
  ctx.set({ ...headers });
  ctx.body = body === '' ? null : body;
  ctx.status = status;
}

/** The status, and the headers that were not there before the endpoint came to its turn. */
function headOf({ status, response }: Context, before: OutgoingHttpHeaders): AnswerHead {
  const headers = Object.entries(response.headers).flatMap(([name, value]): [string, string][] =>
    value === undefined || before[name] === value || name === 'content-length' ? [] : [[name, String(value)]],
  );
  return { status, headers: Object.fromEntries(headers) };
}

function textOf(body: unknown): string {
  if (body === null || body === undefined) return '';
  return typeof body === 'string' ? body : JSON.stringify(body);
}
