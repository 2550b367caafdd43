import { DURATION_NOTATION, readDuration } from '../config/duration.ts';
import { CommandError } from './command-error.ts';

/** Parses `90d`, `12h`, `30m`, `45s` or `2w` to milliseconds. Throws CommandError. */
export function parseDuration(text: string): number {
  const milliseconds = readDuration(text);
  if (milliseconds === undefined) {
    throw new CommandError(`'${text}' is no duration. Write ${DURATION_NOTATION}.`);
  }
  return milliseconds;
}
