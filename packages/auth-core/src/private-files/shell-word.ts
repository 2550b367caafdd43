/**
 * Quotes a text as one word of a shell, for commands that are printed for the reader to type.
 *
 * @example
 * ```ts
 * import { shellWord } from '@latchkey/auth-core/private-files';
 *
 * console.log(`chmod 600 ${shellWord('/srv/my keys')}`); // chmod 600 '/srv/my keys'
 * ```
 */
export const shellWord = (text: string): string =>
  /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
