import type { Command } from 'commander';
import { DURATION_NOTATION, readDuration } from '../../config/duration.ts';
import { CommandError } from '../command-error.ts';
import { addStoreOptions, type ConnectionFlags } from '../connection.ts';

/** The flags of every command that works on stored tokens. */
export interface StoredTokenFlags extends ConnectionFlags {
  readonly json?: boolean;
}

export const GRANT = '--grant <json|@file>';

/** Adds the flags of `StoredTokenFlags`, and an example to the help. */
export function addStoredTokenOptions(command: Command, example: string): Command {
  return addJsonOption(addStoreOptions(command), example);
}

/** Adds `--json`, and an example to the help. */
export function addJsonOption(command: Command, example: string): Command {
  return command.option('--json', 'print JSON').addHelpText('after', `\nExample:\n  ${example}`);
}

/** Reads `--expires`: a duration from now, or a point in time, which the receiver validates. */
export function readEnd(text: string, now: Date): string {
  const milliseconds = readDuration(text);
  if (milliseconds !== undefined) return new Date(now.getTime() + milliseconds).toISOString();
  if (/^\d{4}-\d\d-\d\d[Tt ]/.test(text) && !Number.isNaN(Date.parse(text))) return text;
  throw new CommandError(
    `--expires: '${text}' is no duration and no time. Write ${DURATION_NOTATION}, or a time such as 2027-01-31T12:00:00Z.`,
  );
}

/** Collects a flag that is repeated or has several values separated by commas. */
export const collect = (text: string, others: readonly string[] = []): readonly string[] => [
  ...others,
  ...text.split(','),
];
