import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAuditLog } from '../../../src/index.ts';
import { createKyselyAuditStore, migrate, tokenMigrations } from '../../../src/stores/kysely/index.ts';
import { openSqlite } from '../../../src/stores/sqlite/index.ts';

const key = new Uint8Array(32).fill(7);

let folder: string;
let file: string;
let open: Kysely<unknown>[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-audit-'));
  file = join(folder, 'state.db');
  open = [];
});

afterEach(async () => {
  for (const database of open) await database.destroy();
  await rm(folder, { recursive: true });
});

async function openLog() {
  const database = openSqlite<unknown>(file);
  open.push(database);
  await migrate(database, tokenMigrations, 'token_migrations');
  return { database, log: createAuditLog({ store: createKyselyAuditStore(database), key }) };
}

describe('an audit log in a file', () => {
  it('goes on where it ended, after the server was started again', async () => {
    const first = await openLog();
    await first.log.record({ type: 'token.issued', actor: { name: 'ada' } });
    await first.log.close();
    await open.pop()?.destroy();
    const { log } = await openLog();
    await log.record({ type: 'token.revoked', actor: { name: 'ada' } });
    const [issued, revoked] = await log.list();
    expect(revoked).toMatchObject({ seq: 2, type: 'token.revoked', previousHash: issued?.hash });
    expect(await log.verify()).toMatchObject({ intact: true, entries: 2 });
  });

  it('is one chain, whichever of several processes writes', async () => {
    const { log } = await openLog();
    const source = (path: string) => JSON.stringify(new URL(`../../../src/${path}`, import.meta.url).href);
    const script = `
      const { createAuditLog } = await import(${source('index.ts')});
      const { createKyselyAuditStore } = await import(${source('stores/kysely/index.ts')});
      const { openSqlite } = await import(${source('stores/sqlite/index.ts')});
      const database = openSqlite(${JSON.stringify(file)});
      const log = createAuditLog({ store: createKyselyAuditStore(database), key: new Uint8Array(32).fill(7) });
      const actor = { name: String(process.pid) };
      for (let round = 0; round < 20; round++) {
        await Promise.all(Array.from({ length: 5 }, () => log.record({ type: 'token.issued', actor })));
      }
      await log.close();
      await database.destroy();
    `;
    const start = () => promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
    await Promise.all(Array.from({ length: 3 }, start));
    expect(await log.verify()).toMatchObject({ intact: true, entries: 300 });
    expect(new Set((await log.list({ limit: 300 })).map(({ actor }) => actor.name)).size).toBe(3);
  });

  it('finds what it is asked for by an index', async () => {
    const { database } = await openLog();
    for (const name of ['root_id', 'project', 'type']) {
      const query = `explain query plan select * from audit_entries where ${name} = 'a' and seq > 5 order by seq limit 9`;
      const { rows } = await sql.raw<{ detail: string }>(query).execute(database);
      expect(rows.map(({ detail }) => detail)).toEqual([
        expect.stringContaining(`USING INDEX audit_entries_${name} (${name}=? AND seq>?)`),
      ]);
    }
  });
});
