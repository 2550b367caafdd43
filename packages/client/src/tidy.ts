/** Fit for a terminal and a log: one line, no control characters, and no token, should a server repeat it. */
export function tidy(text: string, tokens: readonly string[]): string {
  let hidden = text;
  for (const token of tokens) {
    for (const form of [token, encodeURIComponent(token)]) {
      hidden = hidden.replace(new RegExp(escapePattern(form), 'gi'), '[token]');
    }
  }
  return hidden
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, 1000);
}

const escapePattern = (text: string): string => text.replace(/[^A-Za-z0-9]/g, '\\$&');
