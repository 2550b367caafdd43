import { AuthError } from '@latchkey/auth-core';
import { type ChallengeOptions, challenge } from '@latchkey/auth-core/http';
import { llm } from '@latchkey/auth-core/llm';
import { type ErrorDetails, ServerError } from '../../contracts/server-error.ts';
import { excerpt } from '../../telemetry/hide-secrets.ts';
import type { DialectOf } from '../dialect-of.ts';
import type { ReplyHeaders } from '../reply.ts';
import type { Step } from '../step.ts';
import { toServerError } from '../to-server-error.ts';

/** When to come again after a 503 that does not say so itself: a model or the database is lost, or the server stops. */
const RETRY_SECONDS = 5;

export interface RenderErrorsOptions extends Pick<ChallengeOptions, 'basic'> {
  /**
   * Where the metadata of `/mcp` is: its challenges say so (RFC 9728 section 5.1), so that clients find who hands out
   * tokens.
   */
  readonly resourceMetadata?: string;
}

/** The one place where an error becomes an answer, in the words of the API that was spoken to. */
export function renderErrors(dialectOf: DialectOf, { resourceMetadata, ...options }: RenderErrorsOptions = {}): Step {
  return async (context, next) => {
    try {
      return await next();
    } catch (thrown) {
      const { signal, logger } = context;
      // The caller went away: there is nobody to answer, and nothing to mend.
      if (signal.aborted && thrown === signal.reason && !(thrown instanceof ServerError)) return { status: 400 };
      const error = withoutSecrets(toServerError(thrown));
      const dialect = dialectOf(context.path, context.header);
      const { status, body } = dialect.renderError(error);
      if (status >= 500) logger.error({ err: thrown }, error.message);
      else logger.debug({ code: error.code, detail: error.detail }, error.message);
      const refusal = refusalOf(thrown, error);
      const challenged = refusal && challenge(refusal, { realm: llm.names.realm, ...options });
      const headers: ReplyHeaders = {
        ...(status === 503 && { 'Retry-After': String(error.details?.retryAfterSeconds ?? RETRY_SECONDS) }),
        // A refusal that became another error asks for no other token.
        ...(challenged?.status === status && challenged.headers),
      };
      const metadata = dialect.name === 'mcp' ? resourceMetadata : undefined;
      return { status, headers: metadata === undefined ? headers : naming(metadata, headers), body: { json: body } };
    }
  };
}

/** The same headers, whose challenges name the metadata. */
function naming(metadata: string, headers: ReplyHeaders): ReplyHeaders {
  const offers = [headers['WWW-Authenticate'] ?? []].flat();
  if (offers.length === 0) return headers;
  const name = (offer: string): string =>
    offer.startsWith('Bearer ') ? `${offer}, resource_metadata="${metadata}"` : offer;
  return { ...headers, 'WWW-Authenticate': offers.map(name) };
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
