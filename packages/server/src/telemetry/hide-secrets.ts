/** An API key; in a path its colon may be percent-encoded. */
const API_KEY = /(sk-lm-[a-z0-9]{8}(?::|%3a))[a-z0-9]{20}/gi;

/** Blots out the secret of every API key that somebody put where none belongs: into a path, into a model's name. */
export const hideSecrets = (text: string): string => text.replace(API_KEY, '$1***');
