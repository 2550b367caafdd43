import { CommandError } from './command-error.ts';

/** Parses a whole number of a flag. Throws CommandError. */
export function parseWholeNumber(flag: string, text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new CommandError(`${flag}: '${text}' is not a whole number.`);
}
