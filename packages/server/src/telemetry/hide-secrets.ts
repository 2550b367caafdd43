/** What proves a token of each kind that can be told by its looks, after what may be shown of it. */
const SECRETS: readonly RegExp[] = [
  // An API key; in a path its colon may be percent-encoded.
  /(sk-lm-[a-z0-9]{8}(?::|%3a))[a-z0-9]{20}/gi,
  // The signature of a personal access token or an access token.
  /(eyJ[\w-]+\.[\w-]+\.)[\w-]{16,}/g,
  // The key at the end of an attenuated token.
  /(lka_[\w.-]+\.)[0-9a-f]{64}/g,
  // A legacy token.
  /\b([0-9a-f]{10})[0-9a-f]{30}\b/g,
];

/** Blots out the secret of every token that somebody put where none belongs: into a path, into a model's name. */
export const hideSecrets = (text: string): string =>
  SECRETS.reduce((hidden, secret) => hidden.replace(secret, '$1***'), text);
