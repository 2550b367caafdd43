import { SdkHttpError } from '@modelcontextprotocol/client';

/** How servers say that they do not know a session, e.g. "No valid session ID provided", "Session not found". */
const unknownSession =
  /\bsession\b.{0,40}\b(not found|unknown|expired|invalid|not valid|terminated|not initiali[sz]ed|does not exist|no longer)|\b(no|unknown|invalid|missing|expired|bad)\b.{0,20}\bsession|\bsession ?id\b.{0,20}\b(required|missing)|server not initiali[sz]ed/i;
const longestRead = 2048;

/**
 * Whether a server refused a request because it does not know the session any more, so that it did not run it: the
 * protocol says so by 404 (MCP 2025-11-25, transports, session management), some servers by 401, and many by another 4xx
 * and in words. A 5xx is no such word: what was asked for may have been done.
 */
export function isForgottenSession(error: unknown): boolean {
  if (SdkHttpError.isInstance(error)) {
    const { status, text } = error.data as { readonly status?: unknown; readonly text?: unknown };
    if (status === 404 || status === 401) return true;
    const isRefusal = typeof status === 'number' && status >= 400 && status < 500;
    return isRefusal && typeof text === 'string' && unknownSession.test(text.slice(0, longestRead));
  }
  return false;
}
