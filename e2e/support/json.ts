/**
 * An answer of a server, parsed by `JSON.parse`. Its shape is what the tests check, so it has no type here.
 */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Json = any;
