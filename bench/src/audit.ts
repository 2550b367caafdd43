import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditLog, createAuditLog } from '@latchkey/auth-core';
import { createKyselyAuditStore, migrate, tokenMigrations } from '@latchkey/auth-core/stores/kysely';
import { openSqlite } from '@latchkey/auth-core/stores/sqlite';
import type { Row } from './table.ts';

const ENTRIES = 1_000_000;
const BATCH = 500;
/** The operations that an operator may have to wait for. */
const WHOLE_MILLISECONDS = 20_000;
const CHECKPOINT_MILLISECONDS = 1000;

/**
 * Milliseconds to verify an audit log of a million entries in SQLite, whole and from its last checkpoint, and to trim
 * it.
 */
export async function measureAudit(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const database = openSqlite(join(folder, 'audit.db'));
  try {
    await migrate(database, tokenMigrations, 'token_migrations');
    const store = createKyselyAuditStore(database);
    const log = createAuditLog({ store, key: new Uint8Array(32).fill(7) });
    await fill(log);
    const whole = await took(() => log.verify());
    const last = await took(() => log.verify({ from: 'checkpoint' }));
    const trim = await took(() => log.trim({ keep: ENTRIES / 2 }));
    const row = (what: string, ours: number, baseline: number): Row => ({ what, ours, baseline, against: 'the bar' });
    return [
      row('ms to verify an audit log of 1,000,000 entries', whole.wall, WHOLE_MILLISECONDS),
      row('processor ms for that', whole.processor, WHOLE_MILLISECONDS),
      row('ms to verify it from its last checkpoint', last.wall, CHECKPOINT_MILLISECONDS),
      row('ms to remove half of it', trim.wall, WHOLE_MILLISECONDS),
    ];
  } finally {
    await database.destroy();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Fills the log up to just before its next checkpoint: a verification from the last one then takes longest. */
async function fill(log: AuditLog): Promise<void> {
  const actor = { id: 'Fb3kQz1x', name: 'agent', owner: 'ada', rootId: 'Fb3kQz1x', address: '10.1.2.3' };
  for (let written = 0; written < ENTRIES - 1; written += BATCH) {
    const count = Math.min(BATCH, ENTRIES - 1 - written);
    const events = Array.from({ length: count }, (_, index) =>
      log.record({
        type: 'tool.called',
        actor,
        project: 'web',
        subject: 'mcp/files read_text_file',
        details: {
          call: crypto.randomUUID(),
          argumentsDigest: `${written + index}`.padStart(64, '0'),
          request: crypto.randomUUID(),
        },
      }),
    );
    await Promise.all(events);
  }
}

/** Milliseconds of elapsed time, and of processor time of this process, which are far fewer on a busy machine. */
async function took(act: () => Promise<unknown>): Promise<{ readonly wall: number; readonly processor: number }> {
  const [start, used] = [performance.now(), process.cpuUsage()];
  const answer = await act();
  const { user, system } = process.cpuUsage(used);
  if (answer === 0 || (typeof answer === 'object' && answer !== null && 'intact' in answer && !answer.intact)) {
    throw new Error('what was measured is not what was meant');
  }
  return { wall: performance.now() - start, processor: (user + system) / 1000 };
}
