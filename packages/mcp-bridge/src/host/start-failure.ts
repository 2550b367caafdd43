import { SdkHttpError, SseError } from '@modelcontextprotocol/client';
import type { McpServerEntry } from '../config/mcp-config.ts';
import { credentialProblem } from '../transport/credential-command.ts';
import type { OpenTransport } from '../transport/open-transport.ts';

/** A server has had its time. */
export class TookTooLong extends Error {
  override readonly name = 'TookTooLong';

  constructor() {
    super('it took too long');
  }
}

/**
 * Why a server could not be started or asked for its tools, in words that are safe to show, and for its operator what
 * to do about it.
 */
export function explainStart(cause: unknown, opened: Pick<OpenTransport, 'reason'>, entry: McpServerEntry): string {
  if (cause instanceof TookTooLong) return cause.message;
  if (opened.reason() !== '') return opened.reason();
  const credentials = credentialProblem(cause);
  if (credentials !== undefined) return credentials;
  const status = statusOf(cause);
  if (status === 401 || status === 403) return explainRefusal(status, entry);
  if (status !== undefined) return `it answered with HTTP ${status}`;
  return 'it does not answer as an MCP server should';
}

function statusOf(cause: unknown): number | undefined {
  if (SdkHttpError.isInstance(cause)) return cause.status;
  return cause instanceof SseError ? cause.code : undefined;
}

/** A server that wants its users to sign in by OAuth says so with a 401, too. */
function explainRefusal(status: 401 | 403, entry: McpServerEntry): string {
  const keys = '"headers" or "headersCommand"';
  const sendsNone =
    entry.transport === 'stdio' || (Object.keys(entry.headers).length === 0 && entry.headersCommand === undefined);
  const what = sendsNone
    ? `it wants credentials (HTTP ${status}), and none are sent: give it a token by ${keys}`
    : `it refused the credentials that were sent (HTTP ${status}): look at ${keys}`;
  return `${what}. Signing in by OAuth is not supported`;
}
