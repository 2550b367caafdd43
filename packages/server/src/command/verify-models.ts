import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../config/load-config.ts';
import { compareDigest } from '../downloads/compare-digest.ts';
import {
  type DigestedFile,
  findDigestedFiles,
  type KnownDigest,
  type UnseenPlace,
} from '../downloads/known-digests.ts';
import { CommandError } from './command-error.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { print, printJson, remark } from './print.ts';
import { createProgressBar } from './progress-bar.ts';

interface Flags {
  readonly data?: string;
  readonly models?: string;
  readonly config?: string;
  readonly json?: boolean;
}

interface Verified {
  readonly file: string;
  readonly state: 'same' | 'differs' | 'unknown' | 'unreadable';
  /** Where the digest is known from. */
  readonly from?: KnownDigest['from'];
  readonly expected?: string;
  readonly found?: string;
  readonly code?: string;
}

const SOURCES: Readonly<Record<KnownDigest['from'], string>> = {
  download: 'its download',
  name: 'its own name',
  'hugging face': 'the record of its download from Hugging Face',
  'file beside it': 'the file .sha256 beside it',
};

/** `latchkey models verify`. It reads the files itself, whether a server runs or not, and changes nothing. */
export function addVerifyModelsCommand(models: Command): void {
  models
    .command('verify [model...]')
    .description('compare the files of the models folder of this machine with the checksums that they came with')
    .option('--data <dir>', 'the data folder (default: ~/.latchkey); its server may run meanwhile')
    .option('--models <dir>', 'models (default: DATA/models)')
    .option('--config <file>', 'settings (default: DATA/config.json)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  latchkey models verify ibm/granite-4.0-micro')
    .action((wanted: readonly string[], _: Flags, command: Command) =>
      verify(wanted, command.optsWithGlobals<Flags>()),
    );
}

async function verify(wanted: readonly string[], { data, models, config: file, json }: Flags): Promise<void> {
  const sources = { flags: { data, models }, environment: process.env, ...(file === undefined ? {} : { file }) };
  const config = loadConfig(sources);
  const unseen: UnseenPlace[] = [];
  const all = await findDigestedFiles(config.models, join(config.data, 'downloads'), (place) => unseen.push(place));
  const nameOf = ({ path }: { readonly path: string }): string => relative(config.models, path) || path;
  const isWanted = (place: { readonly path: string }): boolean =>
    wanted.length === 0 || wanted.some((model) => isOf(model, nameOf(place)));
  const files = all.filter(isWanted);
  if (files.length === 0 && wanted.length > 0 && unseen.length === 0) {
    throw new CommandError(`There is no file of ${wanted.join(' and ')} in ${config.models}.`, { ending: 'missing' });
  }
  const found: Verified[] = unseen
    .filter(isWanted)
    .map((place) => ({ file: nameOf(place), state: 'unreadable', code: place.code }));
  const tell = (one: Verified): void => {
    if (!json) print(describe(one));
  };
  found.forEach(tell);
  using bar = createProgressBar(sizeOf(files), 'bytes');
  let read = 0;
  for (const digested of files) {
    const compared = await compareDigest(digested, (bytes) => {
      read += bytes;
      bar.show(read);
    });
    const one = { file: nameOf(digested), ...toVerified(digested, compared) };
    bar[Symbol.dispose]();
    found.push(one);
    tell(one);
  }
  const count = (state: Verified['state']): number => found.filter((one) => one.state === state).length;
  if (count('differs') + count('unreadable') > 0) process.exitCode = EXIT_CODES.machine.exit;
  if (json) return printJson({ files: found });
  remark(`${count('same')} as they came, ${count('differs')} with another content, ${count('unknown')} not known.`);
  if (count('differs') > 0)
    remark('Delete those with another content, and download them again: latchkey rm, latchkey pull.');
}

/** Whether a file belongs to what was named: a model, its folder, or the file itself. */
function isOf(model: string, file: string): boolean {
  const [name = ''] = model.split('@');
  return file === model || file === `${name}.gguf` || file.startsWith(`${name}/`);
}

function toVerified(
  { known }: DigestedFile,
  compared: Awaited<ReturnType<typeof compareDigest>>,
): Omit<Verified, 'file'> {
  const where = known === undefined ? {} : { from: known.from, expected: known.sha256 };
  if (compared.state === 'differs') return { state: 'differs', ...where, found: compared.sha256 };
  return { ...where, ...compared };
}

function describe({ file, state, from, expected = '', found = '', code = '' }: Verified): string {
  const source = from === undefined ? '' : SOURCES[from];
  if (state === 'same') return `same        ${file}: the checksum of ${source}`;
  if (state === 'unknown') return `not known   ${file}: nothing here says which checksum it has to have`;
  if (state === 'unreadable') return `unreadable  ${file}: ${code}`;
  return `differs     ${file}: its SHA-256 is ${found}, and that of ${source} is ${expected}`;
}

/** The bytes to read: a file without a known digest is not read. */
const sizeOf = (files: readonly DigestedFile[]): number =>
  files.reduce((sum, { bytes, known }) => sum + (known === undefined ? 0 : bytes), 0);
