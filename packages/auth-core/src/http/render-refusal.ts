import type { AuthError } from '../errors.ts';
import { type ChallengeOptions, challenge } from './challenge.ts';

/** Options of {@link renderRefusal}. */
export interface RefusalOptions extends ChallengeOptions {
  /**
   * The JSON body for an error; `{ error: { code, message } }` by default. `error.message` is safe to show;
   * `error.cause` is not.
   */
  readonly render?: (error: AuthError) => unknown;
}

/** The whole answer to a request that is refused. */
export interface Refusal {
  readonly status: number;
  /** A list is one header line for each of its values. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Header fields of the answer that is not given; where they are set already, they are removed. */
  readonly without: readonly string[];
  readonly body: string;
}

/** What describes a content, or lets a cache keep it: also those of networks in front of the server (RFC 9213). */
const OF_THE_CONTENT = [
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Language',
  'Content-Length',
  'Content-Location',
  'Content-Range',
  'ETag',
  'Expires',
  'Last-Modified',
  'CDN-Cache-Control',
  'Cloudflare-CDN-Cache-Control',
  'Vercel-CDN-Cache-Control',
  'Netlify-CDN-Cache-Control',
  'Surrogate-Control',
];

/**
 * Renders an error of the core as an answer: the status and the headers of {@link challenge}, and a JSON body. Every
 * adapter answers with it.
 *
 * @example
 * ```ts
 * import { InvalidTokenError } from '@latchkey/auth-core';
 * import { renderRefusal } from '@latchkey/auth-core/http';
 *
 * const { status, headers, body } = renderRefusal(new InvalidTokenError('AUTH_TOKEN_MISSING'));
 * console.log(status, headers['WWW-Authenticate'], JSON.parse(body).error.code);
 * // 401 Bearer realm="api" AUTH_TOKEN_MISSING
 * ```
 */
export function renderRefusal(error: AuthError, { render = renderError, ...options }: RefusalOptions = {}): Refusal {
  const { status, headers } = challenge(error, options);
  return {
    status,
    headers: { ...headers, 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' },
    without: OF_THE_CONTENT,
    body: JSON.stringify(render(error)),
  };
}

function renderError({ code, message }: AuthError): unknown {
  return { error: { code, message } };
}
