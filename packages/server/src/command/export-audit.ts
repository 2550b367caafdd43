import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { truncate } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import type { AuditEntry, AuditHead } from '@latchkey/auth-core';
import { findExportEnd, unreadable } from './audit-files.ts';
import { CommandError } from './command-error.ts';
import type { ConnectionFlags } from './connection.ts';
import { printJsonLine, remark } from './print.ts';
import { type AuditFilter, readAudit } from './read-audit.ts';

export interface ExportFlags extends ConnectionFlags {
  readonly output?: string;
  readonly resume?: boolean;
}

/** `latchkey audit export`: writes to standard output, to a new file, or continues an earlier export. */
export async function exportAudit(flags: ExportFlags, filter: AuditFilter): Promise<void> {
  const { output, resume = false } = flags;
  if (output !== undefined) return writeExport(output, resume, flags, filter);
  if (resume) throw new CommandError('--resume goes on in a file: name it with --output.');
  for await (const page of readAudit(flags, process.env, filter)) {
    for (const entry of page) printJsonLine(entry);
  }
}

async function writeExport(
  output: string,
  resume: boolean,
  flags: ConnectionFlags,
  filter: AuditFilter,
): Promise<void> {
  const last = resume && existsSync(output) ? await cutToWhole(output) : undefined;
  const isNew = !(resume && existsSync(output));
  const file = createWriteStream(output, { flags: isNew ? 'wx' : 'a', mode: 0o600, flush: true });
  let head = last;
  let count = 0;
  try {
    await once(file, 'open');
    for await (const page of readAudit(
      flags,
      process.env,
      last === undefined ? filter : { ...filter, after: last.seq },
    )) {
      if (count === 0 && last !== undefined) requireFollowing(output, last, page[0]);
      const lines = page.map((entry) => `${JSON.stringify(entry)}\n`).join('');
      if (!file.write(lines)) await once(file, 'drain');
      count += page.length;
      head = page.at(-1) ?? head;
    }
    file.end();
    await finished(file);
  } catch (error) {
    file.destroy();
    throw unwritable(output, error);
  }
  remark(`Wrote ${count} entries to ${output}${head === undefined ? '' : `, head ${head.seq}:${head.hash}`}.`);
}

/** Returns the last entry of a file, and removes an incomplete line after it. */
async function cutToWhole(file: string): Promise<AuditHead | undefined> {
  try {
    const { bytes, last } = await findExportEnd(file);
    await truncate(file, bytes);
    return last;
  } catch (error) {
    throw unreadable(file, error);
  }
}

function requireFollowing(file: string, last: AuditHead, next: AuditEntry | undefined): void {
  if (next === undefined) return;
  if (next.seq > last.seq + 1) {
    remark(`Entries ${last.seq + 1} to ${next.seq - 1} are not among them: trimmed, or not what was asked for.`);
  } else if (next.previousHash !== last.hash) {
    throw new CommandError(
      `${file} ends with another entry ${last.seq} than the log has: they are of two logs, or one of them was changed. ` +
        "Nothing was written. 'latchkey audit verify' checks the log, with --file the file.",
      { ending: 'tampered', code: 'audit_changed' },
    );
  }
}

function unwritable(output: string, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === 'EEXIST') {
    return new CommandError(
      `${output} exists already. Name another file with --output, or go on in it with --resume.`,
      {
        ending: 'conflict',
      },
    );
  }
  if (syscall === undefined) return error;
  return new CommandError(`${output} cannot be written (${code}).`, { ending: 'machine', cause: error });
}
