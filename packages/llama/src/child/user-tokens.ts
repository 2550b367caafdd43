/**
 * The elements of HTML for which vocabularies have tokens, so that pages take fewer of them: Gemma's has all of these.
 * `<s>` is missing on purpose, since it begins a conversation elsewhere.
 */
const HTML = new Set(
  [
    ...['table', 'caption', 'thead', 'tbody', 'tfoot', 'tr', 'th', 'td', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6'],
    ...['blockquote', 'strong', 'em', 'b', 'i', 'u', 'sub', 'sup', 'code'],
  ].flatMap((element) => [`<${element}>`, `</${element}>`]),
);

/** Tokens that are markers look like markup. */
const MARKUP = /[<>[\]{}|]/;

/**
 * Whether a token that a model's authors have added is a marker, which texts of callers must not contain. Words and runs
 * of spaces, which were added for good compression, are not; nor are tags of HTML that the chat template does not write.
 * Breaking those up would only make pages harder to read for the model.
 */
export const isMarker = (text: string, template = ''): boolean =>
  MARKUP.test(text) && (!HTML.has(text) || template.includes(text));
