import { readDuration } from '../config/duration.ts';
import type { TrimLimits } from '../state/operator-desk.ts';
import { CommandError } from './command-error.ts';
import { openOperatorDesk } from './open-installation.ts';
import { print, printJson } from './print.ts';
import { folderOf } from './read-audit.ts';

export interface TrimFlags {
  readonly data?: string;
  readonly before?: string;
  readonly keep?: string;
  readonly json?: boolean;
}

/** `latchkey audit trim`: removes the oldest entries of the log of a data folder. A server may be running on it. */
export async function trimAudit(flags: TrimFlags): Promise<void> {
  const limits = readLimits(flags);
  await using opened = new AsyncDisposableStack();
  const place = { data: folderOf(flags.data, process.env), environment: process.env };
  const desk = await openOperatorDesk(place, opened);
  const { removed, trimmed } = await desk.trim(limits);
  if (flags.json) printJson({ removed, trimmed });
  else if (removed === 0) print(`There is nothing to remove; the log begins with entry ${trimmed + 1}.`);
  else print(`Removed ${removed} entries; the log begins with entry ${trimmed + 1} now.`);
}

function readLimits({ before, keep }: TrimFlags): TrimLimits {
  if (before === undefined && keep === undefined) {
    throw new CommandError(
      'Say what is to go: --before 2027-01-31, --before 90d, or --keep 100000 for all but the last.',
    );
  }
  if (keep !== undefined && !/^[1-9]\d{0,14}$/.test(keep)) {
    throw new CommandError(`'${keep}' is not a number of entries. Write one from 1, e.g. --keep 100000.`);
  }
  return {
    ...(before !== undefined && { before: readTime(before) }),
    ...(keep !== undefined && { keep: Number(keep) }),
  };
}

/** Reads a time: a date means midnight UTC. The log validates any other text. */
function readTime(text: string): string {
  const age = readDuration(text);
  if (age !== undefined) return new Date(Date.now() - age).toISOString();
  return /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text;
}
