import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import {
  type AuditEntry,
  type AuditHead,
  type AuditStore,
  type AuditVerification,
  createAuditLog,
} from '@latchkey/auth-core';
import { type Command, Option } from 'commander';
import { CommandError } from './command-error.ts';
import { addStoreOptions, type ConnectionFlags } from './connection.ts';
import { print, printJsonLine, remark, style } from './print.ts';
import { createProgressBar } from './progress-bar.ts';
import { type AuditFilter, openAudit, readAudit } from './read-audit.ts';

interface Flags extends ConnectionFlags {
  readonly after?: string;
  readonly type?: string;
  readonly project?: string;
}

/** `latchkey audit list|export|verify`. */
export function addAuditCommands(program: Command): void {
  const audit = program
    .command('audit')
    .description('look at what was administered, called and refused, and check that no entry was changed');

  filtered(audit.command('list').description('list the entries of the audit log, the oldest first'))
    .option('--json', 'print a JSON object in each line')
    .action(async (flags: Flags & { json?: boolean }) => {
      const pages = readAudit(flags, process.env, toFilter(flags));
      // Who may not read the log, or reaches no server, gets no headings of it.
      let page = await pages.next();
      if (!flags.json) print(style('bold', toLine(['SEQ', 'TIME', 'WHAT', 'WHO', 'PROJECT', 'SUBJECT'])));
      for (; !page.done; page = await pages.next()) {
        for (const entry of page.value) flags.json ? printJsonLine(entry) : print(toLine(toCells(entry)));
      }
    });

  filtered(audit.command('export').description('write the entries as JSON lines, e.g. for an archive'))
    .option('--output <file>', 'a new file, which only you may read (default: standard output)')
    .action(exportEntries);

  audit
    .command('verify')
    .description('check that no entry was changed, added or removed; a server may run meanwhile')
    .option('--data <dir>', 'the data folder (default: ~/.latchkey)')
    .option('--head <seq:hash>', 'an end of the log that an earlier check has printed, and that was kept elsewhere')
    .action(verify);
}

/** Every type of entry that a server writes; docs/audit.md says when. */
const TYPES: readonly string[] = [
  ...['issued', 'edited', 'rotated', 'revoked', 'revealed', 'exchanged', 'reused', 'deleted'].map(
    (act) => `token.${act}`,
  ),
  ...['settings.changed', 'keys.rotated'],
  ...['called', 'approved', 'ended', 'denied'].map((act) => `tool.${act}`),
  ...['requested', 'approved', 'denied', 'expired', 'refused'].map((act) => `approval.${act}`),
  ...['permission.denied', 'authentication.refused', 'limit.exceeded', 'audit.dropped'],
];

function filtered(command: Command): Command {
  return addStoreOptions(command)
    .option('--after <seq>', 'only entries after this one')
    .addOption(new Option('--type <type>', 'only entries of this type, e.g. permission.denied').choices(TYPES))
    .option('--project <name>', 'only entries of this project');
}

function toFilter({ after, type, project }: Flags): AuditFilter {
  if (after !== undefined && !/^\d{1,15}$/.test(after)) {
    throw new CommandError(`'${after}' is no place in the log. Write the number of an entry, e.g. --after 120.`);
  }
  return {
    ...(after === undefined ? {} : { after: Number(after) }),
    ...(type === undefined ? {} : { type }),
    ...(project === undefined ? {} : { project }),
  };
}

/** What there is to say of an entry in one line; the subject, which may be long, comes last. */
function toCells({ seq, at, type, actor, project, subject, details = {} }: AuditEntry): readonly string[] {
  const { name, outcome, code, reason, count } = details;
  const why = [name, outcome, reason ?? code, count && `${count} times`]
    .filter((fact) => typeof fact === 'string')
    .join(', ');
  const what = [subject, why].filter((text) => text !== undefined && text !== '').join(': ');
  return [String(seq), at, type, actor.name ?? actor.id ?? actor.address ?? '-', project ?? '-', what];
}

const WIDTHS = [6, 24, 22, 16, 10];

function toLine(cells: readonly string[]): string {
  return cells.map((cell, column) => cell.padEnd(WIDTHS[column] ?? 0)).join('  ');
}

async function exportEntries(flags: Flags & { output?: string }): Promise<void> {
  const filter = toFilter(flags);
  const { output } = flags;
  if (output === undefined) {
    for await (const page of readAudit(flags, process.env, filter)) {
      for (const entry of page) printJsonLine(entry);
    }
    return;
  }
  const file = createWriteStream(output, { flags: 'wx', mode: 0o600 });
  let count = 0;
  try {
    await once(file, 'open');
    for await (const page of readAudit(flags, process.env, filter)) {
      const lines = page.map((entry) => `${JSON.stringify(entry)}\n`).join('');
      if (!file.write(lines)) await once(file, 'drain');
      count += page.length;
    }
    file.end();
    await finished(file);
  } catch (error) {
    file.destroy();
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw new CommandError(`${output} exists already. Name another file with --output.`, { ending: 'conflict' });
    if (syscall === undefined) throw error;
    throw new CommandError(`${output} cannot be written (${code}).`, { ending: 'machine', cause: error });
  }
  remark(`Wrote ${count} entries to ${output}.`);
}

async function verify({ data, head }: { data?: string; head?: string }): Promise<void> {
  const expectedHead = head === undefined ? undefined : readHead(head);
  await using opened = new AsyncDisposableStack();
  const { store, secret } = await openAudit(data, process.env, opened);
  const found = await verifyWatched(store, secret, expectedHead);
  if (!found.intact) throw new CommandError(found.message, { ending: 'failed', code: 'audit_changed' });
  const { entries, head: last } = found;
  print(`${entries} entries, chain whole, head ${last.seq}:${last.hash}`);
}

async function verifyWatched(
  store: AuditStore,
  key: Uint8Array,
  expectedHead: AuditHead | undefined,
): Promise<AuditVerification> {
  using bar = createProgressBar((await store.head())?.seq ?? 0, 'entries');
  await using log = createAuditLog({ store: watched(store, bar.show), key });
  return await log.verify(expectedHead === undefined ? {} : { expectedHead });
}

function readHead(text: string): AuditHead {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq !== undefined && hash !== undefined) return { seq: Number(seq), hash };
  throw new CommandError("--head takes what 'latchkey audit verify' has printed as the head: SEQ:HASH.");
}

/** The store, which tells how far it was read. */
function watched(store: AuditStore, show: (seq: number) => void): AuditStore {
  return {
    ...store,
    read: async (query) => {
      const page = await store.read(query);
      show(page.at(-1)?.seq ?? query.after ?? 0);
      return page;
    },
  };
}
