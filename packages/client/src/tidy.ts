/** Whether a text contains one of the tokens, as it is or URL-encoded. */
export function holdsSecret(text: string, tokens: readonly string[]): boolean {
  const lower = text.toLowerCase();
  return formsOf(tokens).some((form) => lower.includes(form.toLowerCase()));
}

const formsOf = (tokens: readonly string[]): readonly string[] =>
  tokens.flatMap((token) => [token, encodeURIComponent(token)]);

/** Makes a text safe for a terminal and a log: one line, without hidden characters, and without tokens. */
export function tidy(text: string, tokens: readonly string[]): string {
  let hidden = text;
  for (const form of formsOf(tokens)) {
    hidden = hidden.replace(new RegExp(escapePattern(form), 'gi'), '[token]');
  }
  return hidden.replace(UNSEEN, ' ').trim().slice(0, 1000);
}

/** Hidden characters: controls, format characters, ends of lines, selectors, fillers, halves of characters. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]+/gu;

const escapePattern = (text: string): string => text.replace(/[^A-Za-z0-9]/g, '\\$&');
