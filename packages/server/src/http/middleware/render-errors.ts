import { AuthError } from '@latchkey/auth-core';
import { type ChallengeOptions, challenge } from '@latchkey/koa-auth';
import type { Middleware } from 'koa';
import { type ErrorDetails, ServerError } from '../../contracts/server-error.ts';
import { excerpt } from '../../telemetry/hide-secrets.ts';
import type { DialectOf } from '../dialect-of.ts';
import type { ServerState } from '../state.ts';
import { toServerError } from '../to-server-error.ts';

/** When to come again after a 503 that does not say so itself: a model or the database is lost, or the server stops. */
const RETRY_SECONDS = 5;

/** The one place where an error becomes an answer, in the words of the API that was spoken to. */
export function renderErrors(
  dialectOf: DialectOf,
  options: Pick<ChallengeOptions, 'basic'> = {},
): Middleware<ServerState> {
  return async function renderErrorsMiddleware(ctx, next) {
    try {
      await next();
    } catch (thrown) {
      // The caller went away: there is nobody to answer, and nothing to mend.
      if (ctx.state.signal.aborted && thrown === ctx.state.signal.reason && !(thrown instanceof ServerError)) return;
      const error = withoutSecrets(toServerError(thrown));
      const { status, body } = dialectOf(ctx.path).renderError(error);
      if (status >= 500) ctx.state.logger.error({ err: thrown }, error.message);
      else ctx.state.logger.debug({ code: error.code, detail: error.detail }, error.message);
      if (ctx.headerSent) return;
      const refusal = refusalOf(thrown, error);
      const challenged = refusal && challenge(refusal, options);
      // A refusal that became another error asks for no other token.
      if (challenged?.status === status) ctx.set({ ...challenged.headers });
      if (status === 503 && !ctx.res.hasHeader('Retry-After')) {
        ctx.set('Retry-After', String(error.details?.retryAfterSeconds ?? RETRY_SECONDS));
      }
      ctx.status = status;
      ctx.body = body;
    }
  };
}

/** What the core has refused, or, where a part of the server has denied by a decision of the core, that. */
function refusalOf(thrown: unknown, { code, message }: ServerError): AuthError | undefined {
  const refusal = [thrown, thrown instanceof Error ? thrown.cause : undefined].find(
    (cause) => cause instanceof AuthError,
  );
  if (refusal !== undefined || code !== 'PERMISSION_DENIED') return refusal;
  return new AuthError('AUTH_PERMISSION_DENIED', message);
}

/** Errors quote what was asked for, and some people ask for a model by their token, or name a field by it. */
function withoutSecrets(error: ServerError): ServerError {
  const { code, param, details, detail } = error;
  return new ServerError(code, excerpt(error.message, 4096), {
    ...(param === undefined ? {} : { param: excerpt(param, 512) }),
    ...(details === undefined ? {} : { details: withoutSecretTexts(details) }),
    ...(detail === undefined ? {} : { detail }),
  });
}

const withoutSecretTexts = (details: ErrorDetails): ErrorDetails =>
  Object.fromEntries(
    Object.entries(details).map(([name, value]) => [name, typeof value === 'string' ? excerpt(value, 4096) : value]),
  );
