import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { AuditEntry, AuditHead } from '@latchkey/auth-core';
import { CommandError } from './command-error.ts';

const PAGE = 1000;
/** How much of a file's end is read; the longest entry is much shorter. */
const TAIL_BYTES = 262_144;
const LINE_FEED = 10;

/** Yields the entries of files written by 'latchkey audit export', one file after the other. */
export async function* readExports(files: readonly string[]): AsyncGenerator<readonly AuditEntry[]> {
  let page: AuditEntry[] = [];
  for (const file of files) {
    let number = 0;
    for await (const line of linesOf(file)) {
      number += 1;
      const entry = readEntry(line);
      if (entry === undefined) {
        // The entries before the fault are checked first.
        yield page;
        throw new CommandError(`Line ${number} of ${file} is no entry: the file was changed or cut off.`, {
          ending: 'tampered',
          code: 'audit_changed',
        });
      }
      page.push(entry);
      if (page.length < PAGE) continue;
      yield page;
      page = [];
    }
  }
  yield page;
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const stream = createReadStream(file);
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) yield line;
  } catch (error) {
    throw unreadable(file, error);
  } finally {
    stream.destroy();
  }
}

function readEntry(line: string): AuditEntry | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    if (typeof entry === 'object' && entry !== null && !Array.isArray(entry)) return entry as AuditEntry;
  } catch {
    // Text that is not JSON is not an entry either.
  }
  return undefined;
}

/** Where to continue an export: its last complete line, and the number of bytes up to its end. */
export interface ExportEnd {
  readonly bytes: number;
  /** Absent for a file without an entry. */
  readonly last?: AuditHead;
}

/** Finds the end of an export. A line that was cut off when the export was killed does not count. */
export async function findExportEnd(file: string): Promise<ExportEnd> {
  await using handle = await open(file, 'r');
  const { size } = await handle.stat();
  const from = Math.max(0, size - TAIL_BYTES);
  const tail = Buffer.alloc(size - from);
  await handle.read(tail, 0, tail.length, from);
  const end = tail.lastIndexOf(LINE_FEED);
  if (end < 0 && from === 0) return { bytes: 0 };
  const begin = end <= 0 ? -1 : tail.lastIndexOf(LINE_FEED, end - 1);
  const { seq, hash } = readEntry(tail.toString('utf8', begin + 1, Math.max(0, end))) ?? {};
  if (typeof seq === 'number' && typeof hash === 'string') return { bytes: from + end + 1, last: { seq, hash } };
  throw new CommandError(`${file} is no export of an audit log. Name another file with --output.`, {
    ending: 'conflict',
  });
}

export function unreadable(file: string, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new CommandError(`There is no file ${file}.`, { ending: 'missing', cause: error });
  if (syscall === undefined) return error;
  return new CommandError(`${file} cannot be read (${code}).`, { ending: 'machine', cause: error });
}
