import { AuthError } from '@latchkey/auth-core';
import { type ChallengeOptions, challenge } from '@latchkey/auth-core/http';
import { llm } from '@latchkey/auth-core/llm';
import { type ErrorDetails, ServerError } from '../../contracts/server-error.ts';
import { excerpt } from '../../telemetry/hide-secrets.ts';
import type { DialectOf } from '../dialect-of.ts';
import { MCP_SCOPE } from '../mcp-only.ts';
import type { ReplyHeaders } from '../reply.ts';
import { isConsoleCall } from '../session-keys.ts';
import type { Step } from '../step.ts';
import { toServerError } from '../to-server-error.ts';

/** The `Retry-After` of a 503 that does not set it: a model or the database was lost, or the server is stopping. */
const RETRY_SECONDS = 5;

export interface RenderErrorsOptions extends Pick<ChallengeOptions, 'basic'> {
  /**
   * The URL of the metadata of `/mcp`. Its challenges contain it (RFC 9728 section 5.1), so that clients find the
   * authorization servers.
   */
  readonly resourceMetadata?: string;
}

/** The one place where an error becomes an answer, in the dialect of the requested API. */
export function renderErrors(
  dialectOf: DialectOf,
  { resourceMetadata, basic = false }: RenderErrorsOptions = {},
): Step {
  return async (context, next) => {
    try {
      return await next();
    } catch (thrown) {
      const { signal, logger } = context;
      // The caller has disconnected: the answer is not sent to anyone.
      if (signal.aborted && thrown === signal.reason && !(thrown instanceof ServerError)) return { status: 400 };
      const error = withoutSecrets(toServerError(thrown));
      const dialect = dialectOf(context.path, context.header);
      const { status, body } = dialect.renderError(error);
      if (status >= 500) logger.error({ err: thrown }, error.message);
      else logger.debug({ code: error.code, detail: error.detail }, error.message);
      const refusal = refusalOf(thrown, error);
      // A browser that is offered Basic asks its user for a password, over the page of the console.
      const offers = { realm: llm.names.realm, basic: basic && !isConsoleCall(context) };
      const challenged = refusal && challenge(refusal, offers);
      const headers: ReplyHeaders = {
        ...(status === 503 && { 'Retry-After': String(error.details?.retryAfterSeconds ?? RETRY_SECONDS) }),
        // A refusal that was mapped to another status is not a challenge for another token.
        ...(challenged?.status === status && challenged.headers),
      };
      const metadata = dialect.name === 'mcp' ? resourceMetadata : undefined;
      return { status, headers: metadata === undefined ? headers : naming(metadata, headers), body: { json: body } };
    }
  };
}

/** Adds the URL of the metadata, and the scope that a token needs, to the challenges. */
function naming(metadata: string, headers: ReplyHeaders): ReplyHeaders {
  const offers = [headers['WWW-Authenticate'] ?? []].flat();
  if (offers.length === 0) return headers;
  const name = (offer: string): string =>
    offer.startsWith('Bearer ') ? `${offer}, resource_metadata="${metadata}", scope="${MCP_SCOPE}"` : offer;
  return { ...headers, 'WWW-Authenticate': offers.map(name) };
}

/**
 * The core's refusal, or the one that follows from a denial that another part of the server based on a core decision.
 */
function refusalOf(thrown: unknown, { code, message }: ServerError): AuthError | undefined {
  const refusal = [thrown, thrown instanceof Error ? thrown.cause : undefined].find(
    (cause) => cause instanceof AuthError,
  );
  if (refusal !== undefined || code !== 'PERMISSION_DENIED') return refusal;
  return new AuthError('AUTH_PERMISSION_DENIED', message);
}

/** Errors quote the request, and a request may contain a token by mistake, e.g. as the name of a model or a field. */
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
