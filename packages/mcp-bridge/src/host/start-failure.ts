import { SdkHttpError, SseError } from '@modelcontextprotocol/client';
import type { McpServerEntry } from '../config/mcp-config.ts';
import { loginProblem } from '../oauth/login-error.ts';
import { credentialProblem } from '../transport/credential-command.ts';
import type { OpenTransport } from '../transport/open-transport.ts';

/** A server did not answer within its time limit. */
export class TookTooLong extends Error {
  override readonly name = 'TookTooLong';

  constructor() {
    super('it took too long');
  }
}

/**
 * Explains why a server could not be started or asked for its tools, in words that are safe to show, and what its
 * operator can do about it.
 */
export function explainStart(cause: unknown, opened: Pick<OpenTransport, 'reason'>, entry: McpServerEntry): string {
  if (cause instanceof TookTooLong) return cause.message;
  const login = loginProblem(cause);
  if (login !== undefined) return login.message;
  if (opened.reason() !== '') return opened.reason();
  const credentials = credentialProblem(cause);
  if (credentials !== undefined) return credentials;
  const status = statusOf(cause);
  if (status === 401 || status === 403) return explainRefusal(status, entry);
  if (status !== undefined) return `it answered with HTTP ${status}`;
  const code = connectionError(cause);
  if (code !== undefined) return `it cannot be reached (${code})`;
  return 'it does not answer as an MCP server should';
}

/** The system's code for a failed connection, e.g. `ECONNREFUSED`, `ENOTFOUND`, `CERT_HAS_EXPIRED`. */
function connectionError(error: unknown, depth = 0): string | undefined {
  if (!(error instanceof Error) || depth > 5) return undefined;
  // An SseError has no cause, only a message: "fetch failed: connect ECONNREFUSED 127.0.0.1:3000".
  if (error instanceof SseError) return /\bE(CONN|HOST|NET|NOTFOUND|AI_|TIMED)[A-Z]*\b/.exec(error.message)?.[0];
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return CONNECTION_ERROR.test(code) ? code : connectionError(error.cause, depth + 1);
}

const CONNECTION_ERROR = /^(E[A-Z]{3,20}|[A-Z_]*CERT[A-Z_]*|UNABLE_TO_[A-Z_]+|UND_ERR_[A-Z_]+|ERR_(TLS|SSL)_[A-Z_]+)$/;

function statusOf(cause: unknown): number | undefined {
  if (SdkHttpError.isInstance(cause)) return cause.status;
  return cause instanceof SseError ? cause.code : undefined;
}

/** Explains a refusal by a server that does not say how it can be signed in to. */
function explainRefusal(status: 401 | 403, entry: McpServerEntry): string {
  const keys = '"headers" or "headersCommand"';
  const sendsNone =
    !('headers' in entry) || (Object.keys(entry.headers).length === 0 && entry.headersCommand === undefined);
  const what = sendsNone
    ? `it wants credentials (HTTP ${status}), and none are sent: give it a token by ${keys}`
    : `it refused the credentials that were sent (HTTP ${status}): look at ${keys}`;
  return what;
}
