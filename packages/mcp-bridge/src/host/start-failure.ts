import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError, SseError } from '@modelcontextprotocol/client';
import type { McpServerEntry } from '../config/mcp-config.ts';
import { loginProblem } from '../oauth/login-error.ts';
import { credentialProblem } from '../transport/credential-command.ts';
import type { OpenTransport } from '../transport/open-transport.ts';
import { visibleText } from '../visible-text.ts';

/** A server did not answer within its time limit. */
export class TookTooLong extends Error {
  override readonly name = 'TookTooLong';

  constructor() {
    super(tooLate);
  }
}

/** Whether a server was silent for too long. */
export function isTooLate(cause: unknown): boolean {
  return cause instanceof TookTooLong || (SdkError.isInstance(cause) && cause.code === SdkErrorCode.RequestTimeout);
}

/**
 * Explains why a server could not be started or asked for its tools, in words that are safe to show, and what its
 * operator can do about it.
 */
export function explainStart(
  cause: unknown,
  opened: Pick<OpenTransport, 'reason' | 'heard'>,
  entry: McpServerEntry,
): string {
  if (isTooLate(cause)) return joined(tooLate, opened.heard?.() ?? '');
  const login = loginProblem(cause);
  if (login !== undefined) return login.message;
  if (opened.reason() !== '') return opened.reason();
  const credentials = credentialProblem(cause);
  if (credentials !== undefined) return credentials;
  const status = statusOf(cause);
  if (status === 401 || status === 403) return explainRefusal(status, entry);
  if (status !== undefined) return explainStatus(status);
  const code = connectionError(cause);
  if (code !== undefined) return `it cannot be reached (${code})`;
  return joined(explainHandshake(cause), opened.heard?.() ?? '');
}

const tooLate = 'it took too long';
const joined = (why: string, heard: string): string => (heard === '' ? why : `${why}; ${heard}`);
const longestQuote = 200;

/** Explains an answer that is none. What the server wrote is quoted, made visible and cut. */
function explainHandshake(cause: unknown): string {
  if (ProtocolError.isInstance(cause)) {
    return `it refused: ${visibleText(cause.message.slice(0, longestQuote))} (${cause.code})`;
  }
  if (cause instanceof RangeError) return cause.message;
  const version = cause instanceof Error ? unknownVersion.exec(cause.message)?.[1] : undefined;
  if (version !== undefined)
    return `it speaks version ${visibleText(version)} of the protocol, which is not known here`;
  return 'it does not answer as an MCP server should';
}

/** The SDK's words. */
const unknownVersion = /^Server's protocol version is not supported: (.{1,40})/s;

function explainStatus(status: number): string {
  const leads = status >= 300 && status < 400 ? ': it leads elsewhere, so give the address that it leads to' : '';
  return `it answered with HTTP ${status}${leads}`;
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
