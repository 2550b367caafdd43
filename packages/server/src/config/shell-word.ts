/** Quotes a text as one word of a shell, for commands that are printed for the reader to type. */
export const shellWord = (text: string): string =>
  /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
