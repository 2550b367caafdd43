import type { AuditEntry } from '@latchkey/auth-core';
import { type Command, Option } from 'commander';
import { CommandError } from './command-error.ts';
import { addStoreOptions, type ConnectionFlags } from './connection.ts';
import { type ExportFlags, exportAudit } from './export-audit.ts';
import { followAudit } from './follow-audit.ts';
import { print, printJsonLine, style } from './print.ts';
import { type AuditFilter, readAudit } from './read-audit.ts';
import { trimAudit } from './trim-audit.ts';
import { verifyAudit } from './verify-audit.ts';

interface Flags extends ConnectionFlags {
  readonly after?: string;
  readonly type?: string;
  readonly project?: string;
}

/** `latchkey audit list|export|verify|trim`. */
export function addAuditCommands(program: Command): void {
  const audit = program
    .command('audit')
    .description('look at what was administered, called and refused, and check that no entry was changed');

  filtered(audit.command('list').description('list the entries of the audit log, the oldest first'))
    .option('-f, --follow', 'go on and show what comes, until Ctrl+C, also when the server is started again')
    .option('--json', 'print a JSON object in each line')
    .action(async (flags: Flags & { json?: boolean; follow?: boolean }) => {
      const read = flags.follow ? followAudit : readAudit;
      const pages = read(flags, process.env, toFilter(flags));
      // Reads the first page before the headings, so that a failure (access denied, no server) prints none.
      let page = await pages.next();
      if (!flags.json) print(style('bold', toLine(['SEQ', 'TIME', 'WHAT', 'WHO', 'PROJECT', 'SUBJECT'])));
      for (; !page.done; page = await pages.next()) {
        for (const entry of page.value) flags.json ? printJsonLine(entry) : print(toLine(toCells(entry)));
      }
    });

  filtered(audit.command('export').description('write the entries as JSON lines, e.g. for an archive'))
    .option('--output <file>', 'a new file, which only you may read (default: standard output)')
    .option('--resume', 'go on in the file after its last entry; one that was cut off is written again')
    .action((flags: Flags & ExportFlags) => exportAudit(flags, toFilter(flags)));

  audit
    .command('verify')
    .description('check that no entry was changed, added or removed; a server may run meanwhile')
    .option('--data <dir>', 'the data folder (default: ~/.latchkey)')
    .option('--from-checkpoint', 'only what came after the last checkpoint, some 10,000 entries at most')
    .option('--head <seq:hash>', 'an end of the log that an earlier check has printed, and that was kept elsewhere')
    .option('--file <file...>', 'what was exported, in one file or in several that follow one another')
    .option('--json', 'print JSON')
    .action(verifyAudit);

  audit
    .command('trim')
    .description(
      'remove the oldest entries for good; the rest can be checked as before, and a server may run meanwhile',
    )
    .option('--data <dir>', 'the data folder (default: ~/.latchkey)')
    .option('--before <time>', 'entries before this time, e.g. 2027-01-31, or older than that, e.g. 90d')
    .option('--keep <count>', 'all but about so many entries')
    .option('--json', 'print JSON')
    .action(trimAudit);
}

/** Every type of entry that a server writes; docs/audit.md describes them. */
const TYPES: readonly string[] = [
  ...['issued', 'edited', 'rotated', 'revoked', 'revealed', 'exchanged', 'reused', 'deleted'].map(
    (act) => `token.${act}`,
  ),
  ...['tokens.revoked', 'response.deleted', 'session.started', 'session.ended', 'settings.changed'],
  ...['mcp.signed_in', 'mcp.signed_out', 'mcp.login_lost'],
  ...['oauth.allowed', 'oauth.reused', 'openid.refused'],
  ...['download.started', 'download.cancelled', 'model.deleted'],
  ...['keys.rotated', 'secret.rotated', 'secret.dropped'],
  ...['called', 'approved', 'ended', 'denied'].map((act) => `tool.${act}`),
  ...['requested', 'approved', 'denied', 'expired', 'refused'].map((act) => `approval.${act}`),
  ...[
    'permission.denied',
    'authentication.refused',
    'limit.exceeded',
    'audit.dropped',
    'audit.anchored',
    'audit.trimmed',
  ],
];

function filtered(command: Command): Command {
  return addStoreOptions(command)
    .option('--after <seq>', 'only entries after this one')
    .addOption(new Option('--type <type>', 'only entries of this type, e.g. permission.denied').choices(TYPES))
    .option('--project <name>', 'only entries of this project');
}

function toFilter({ after, type, project }: Flags): AuditFilter {
  if (after !== undefined && !/^\d{1,15}$/.test(after)) {
    throw new CommandError(`'${after}' is not a place in the log. Write the number of an entry, e.g. --after 120.`);
  }
  return {
    ...(after === undefined ? {} : { after: Number(after) }),
    ...(type === undefined ? {} : { type }),
    ...(project === undefined ? {} : { project }),
  };
}

/** Formats an entry as the cells of one line. The subject, which may be long, is the last one. */
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
