/** Something that the person at the terminal can mend; its message is printed alone, without a stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
