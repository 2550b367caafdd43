/**
 * Reduces a message to the characters of an `error_description` (RFC 6749 section 5.2, RFC 6750 section 3): visible
 * ASCII without quotes and backslashes.
 *
 * @example
 * ```ts
 * import { toErrorDescription } from '@latchkey/auth-core/http';
 *
 * console.log(toErrorDescription('no project "café"')); // no project 'caf?'
 * ```
 */
export function toErrorDescription(message: string): string {
  return message.replaceAll('"', "'").replace(/[^\x20-\x5b\x5d-\x7e]/g, '?');
}
