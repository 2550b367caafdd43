/**
 * What a server answered, read with `JSON.parse`. Its shape is what the tests are about: they say what they expect of
 * it, and until they do nothing is known.
 */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Json = any;
