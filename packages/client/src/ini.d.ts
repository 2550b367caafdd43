/** What is used of the package, which brings no types along. */
declare module 'ini' {
  export function parse(text: string): Record<string, unknown>;
  /** Reads a key or a value: without its quotes, and without a comment behind it. */
  export function unsafe(text: string): unknown;
}
