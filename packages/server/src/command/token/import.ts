import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import { withoutAbsent } from '../../config/without-absent.ts';
import { EARLIER_HASHES, type EarlierHashName } from '../../state/earlier-keys.ts';
import type { ImportOutcome } from '../../state/import-keys.ts';
import { makeClosedFolder } from '../closed-folder.ts';
import { CommandError } from '../command-error.ts';
import { print, printJson, remark } from '../print.ts';
import { withTokenAdministration } from './administer-tokens.ts';
import { DEFAULT_GRANT } from './create.ts';
import { addGrantFlags, type GrantFlags, writeGrant } from './grant-flags.ts';
import { readEarlierKeys } from './read-earlier-keys.ts';
import { addStoredTokenOptions, readEnd, type StoredTokenFlags } from './token-options.ts';

interface Flags extends StoredTokenFlags, GrantFlags {
  readonly hash: EarlierHashName;
  readonly owner?: string;
  readonly project?: string;
  readonly expires?: string;
  readonly dryRun?: boolean;
}

type Refused = Extract<ImportOutcome, { outcome: 'refused' }>;

const MOST_REFUSALS = 10;

/** `latchkey token import`. */
export function addImportCommand(token: Command): void {
  const command = addGrantFlags(token.command('import <file>'))
    .description('take the keys of an earlier system, of which there are only hashes; - for standard input')
    .addOption(
      new Option('--hash <algorithm>', 'what that system has hashed its keys with')
        .choices(EARLIER_HASHES)
        .default('sha256'),
    )
    .option('--owner <owner>', 'whose they are, where a key does not say (default: as yours)')
    .option('--project <project>', 'the project that they act for, where a key does not say')
    .option('--expires <when>', 'a duration or a time, where a key does not say (default: when it is revoked)')
    .option('--dry-run', 'only say what would become of each key')
    .action(importFile);
  addStoredTokenOptions(
    command,
    "latchkey token import keys.jsonl --dry-run\n  latchkey token import keys.jsonl --models 'ibm/*' --expires 90d",
  );
}

async function importFile(file: string, flags: Flags): Promise<void> {
  const now = new Date();
  const defaults = {
    grant: writeGrant(flags, DEFAULT_GRANT),
    ...withoutAbsent({ owner: flags.owner, project: flags.project }),
    ...(flags.expires === undefined ? {} : { expiresAt: readEnd(flags.expires, now) }),
  };
  const keys = readEarlierKeys(file === '-' ? await text(process.stdin) : readText(file), defaults, now);
  makeClosedFolder(flags);
  const { hash, dryRun = false } = flags;
  await withTokenAdministration(flags, process.env, async (tokens) => {
    const looked = await tokens.importKeys({ keys, hash, dryRun: true });
    requireNoRefusal(looked, flags);
    if (dryRun) return tell(looked, flags);
    const wanted = keys.filter((_, index) => looked[index]?.outcome === 'importable');
    const made = await tokens.importKeys({ keys: wanted, hash, dryRun: false });
    const outcomes = [...made];
    const all = looked.map((outcome) => (outcome.outcome === 'importable' ? (outcomes.shift() ?? outcome) : outcome));
    tell(all, flags);
    // Something has changed since the look.
    requireNoRefusal(made, flags);
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new CommandError(`${file} cannot be read (${code}).`, { ending: code === 'ENOENT' ? 'missing' : 'machine' });
  }
}

/** Fails when a key is refused, with the reasons. */
function requireNoRefusal(outcomes: readonly ImportOutcome[], { json }: Flags): void {
  const refused = outcomes.flatMap((outcome, index) => (outcome.outcome === 'refused' ? [{ outcome, index }] : []));
  const [first] = refused;
  if (first === undefined) return;
  const made = outcomes.filter(({ outcome }) => outcome === 'imported').length;
  const shown = refused.slice(0, MOST_REFUSALS).map(({ outcome, index }) => describeRefusal(outcome, index));
  const more = refused.length > MOST_REFUSALS ? [`and ${refused.length - MOST_REFUSALS} more`] : [];
  if (json !== true) for (const line of [...shown, ...more]) remark(line);
  throw new CommandError(
    `${refused.length} of ${outcomes.length} keys are refused, and ${made === 0 ? 'nothing' : made} was imported. ` +
      (json === true ? describeRefusal(first.outcome, first.index) : 'The reasons are above.'),
    { ending: first.outcome.code === 'AUTH_GRANT_NOT_COVERED' ? 'denied' : 'usage' },
  );
}

const describeRefusal = ({ name, message }: Refused, index: number): string =>
  `key ${index + 1} ('${name}'): ${message}`;

function tell(outcomes: readonly ImportOutcome[], { json, dryRun = false }: Flags): void {
  if (json === true) {
    printJson({ dryRun, keys: outcomes });
    return;
  }
  const count = (asked: ImportOutcome['outcome']): number => outcomes.filter(({ outcome }) => outcome === asked).length;
  const known = count('known');
  const before = known === 0 ? '' : ` ${inWords(known)} there already.`;
  if (dryRun) print(`${inWords(count('importable'))} new, and can be imported.${before}`);
  else print(`Imported: ${count('imported')}.${before}`);
}

const inWords = (count: number): string => (count === 1 ? 'One key is' : `${count} keys are`);
