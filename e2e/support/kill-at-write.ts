/**
 * Loaded into a server before it starts: kills it, as kill -9 does, just before one of its writes to SQLite. The file
 * that KILL_AT names holds the number of that write, from 1. Writes are counted while the file exists.
 */
import { existsSync, readFileSync } from 'node:fs';
import { DatabaseSync, StatementSync } from 'node:sqlite';

const file = process.env.KILL_AT ?? '';
let left: number | undefined;

function aboutToWrite(): void {
  if (!existsSync(file)) {
    left = undefined;
    return;
  }
  left ??= Number(readFileSync(file, 'utf8'));
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}

const WRITES = /^\s*(?:insert|update|delete|with recursive later)\b/i;

for (const method of ['run', 'all', 'get', 'iterate'] as const) {
  const original = StatementSync.prototype[method] as (...args: unknown[]) => unknown;
  Object.assign(StatementSync.prototype, {
    [method](this: StatementSync, ...args: unknown[]): unknown {
      // The writes of a transaction take effect at its commit.
      if (WRITES.test(this.sourceSQL) || /^\s*commit\b/i.test(this.sourceSQL)) aboutToWrite();
      return original.apply(this, args);
    },
  });
}

const exec = DatabaseSync.prototype.exec;
DatabaseSync.prototype.exec = function execCounted(this: DatabaseSync, sql: string): void {
  if (/^\s*commit\b/i.test(sql)) aboutToWrite();
  exec.call(this, sql);
};
