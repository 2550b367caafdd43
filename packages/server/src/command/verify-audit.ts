import {
  type AuditHead,
  type AuditStore,
  type AuditVerification,
  createAuditLog,
  createMemoryAuditStore,
} from '@latchkey/auth-core';
import { readExports } from './audit-files.ts';
import { CommandError } from './command-error.ts';
import { print, printJson } from './print.ts';
import { createProgressBar } from './progress-bar.ts';
import { openAuditToRead, readAuditKeys } from './read-audit.ts';

export interface VerifyFlags {
  readonly data?: string;
  readonly file?: readonly string[];
  readonly fromCheckpoint?: boolean;
  readonly head?: string;
  readonly json?: boolean;
}

/** `latchkey audit verify`: checks the log of a data folder, or files that were exported from it. */
export async function verifyAudit(flags: VerifyFlags): Promise<void> {
  const options = flags.head === undefined ? {} : { expectedHead: readHead(flags.head) };
  const found = await (flags.file === undefined ? verifyLog(flags, options) : verifyFiles(flags.file, flags, options));
  if (flags.json) printJson(found);
  if (!found.intact) throw new CommandError(found.message, { ending: 'tampered', code: 'audit_changed' });
  if (!flags.json) print(describe(found));
}

type Options = { readonly expectedHead?: AuditHead };

async function verifyLog({ data, fromCheckpoint }: VerifyFlags, options: Options): Promise<AuditVerification> {
  await using opened = new AsyncDisposableStack();
  const { store, secrets, refuseOtherSecret } = await openAuditToRead(data, process.env, opened);
  const head = await store.head();
  const begin = fromCheckpoint ? ((await store.checkpoints()).at(-1)?.seq ?? 0) : (head?.start?.seq ?? 0);
  using bar = createProgressBar((head?.seq ?? 0) - begin, 'entries');
  await using log = createAuditLog({ store: watched(store, (seq) => bar.show(seq - begin)), key: secrets });
  const found = await log.verify({ ...options, from: fromCheckpoint ? 'checkpoint' : 'start' });
  // With the wrong key no entry verifies, although none was changed.
  if (!found.intact && found.brokenAt === (head?.start?.seq ?? 0) + 1) await refuseOtherSecret();
  return found;
}

async function verifyFiles(
  files: readonly string[],
  { data, fromCheckpoint }: VerifyFlags,
  options: Options,
): Promise<AuditVerification> {
  if (fromCheckpoint) throw new CommandError('--from-checkpoint is for the log itself: a file has no checkpoints.');
  const key = readAuditKeys(data, process.env);
  await using log = createAuditLog({ store: createMemoryAuditStore(), key });
  return await log.verifyExport(readExports(files), options);
}

function describe({ entries, head, trimmed, checkpoint, follows }: AuditVerification & { intact: true }): string {
  const before = [
    trimmed === undefined ? '' : `, ${trimmed.seq} before them trimmed`,
    checkpoint === undefined ? '' : `, from the checkpoint at ${checkpoint.seq}`,
    follows === undefined ? '' : `, from ${follows.seq + 1}`,
  ].join('');
  return `${entries} entries${before}, chain whole, head ${head.seq}:${head.hash}`;
}

function readHead(text: string): AuditHead {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq !== undefined && hash !== undefined) return { seq: Number(seq), hash };
  throw new CommandError("--head takes what 'latchkey audit verify' has printed as the head: SEQ:HASH.");
}

/** Wraps the store so that it reports how far it has been read. */
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
