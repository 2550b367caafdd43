import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAuth } from '../../../src/index.ts';
import { createKyselyTokenStore, migrate, tokenMigrations } from '../../../src/stores/kysely/index.ts';
import { openSqlite } from '../../../src/stores/sqlite/index.ts';
import { sourceOf } from '../../contract/places.ts';
import { startProgram } from '../program.ts';

const digestKey = new Uint8Array(32).fill(3);
const GRANT = { actions: ['usage:read'] } as const;

async function openWriting(file: string) {
  const database = openSqlite<unknown>(file);
  await migrate(database, tokenMigrations, 'token_migrations');
  const auth = createAuth({ store: createKyselyTokenStore(database), digestKey });
  return {
    auth,
    async [Symbol.asyncDispose]() {
      await auth.close();
      await database.destroy();
    },
  };
}

/** A folder that may be written only while it is open. */
function makePlace() {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-read-only-'));
  const file = join(folder, 'state.db');
  const open = () => chmodSync(folder, 0o755);
  onTestFinished(() => {
    open();
    rmSync(folder, { recursive: true });
  });
  return {
    file,
    open,
    close() {
      chmodSync(file, 0o644);
      chmodSync(folder, 0o555);
    },
  };
}

/** A process of a user that may write neither the file nor its folder: it says what becomes of a token, each time. */
function verifyElsewhere(file: string, token: string) {
  return startProgram(`
    const { createAuth } = await import(${sourceOf('index.ts')});
    const { createKyselyTokenStore } = await import(${sourceOf('stores/kysely/index.ts')});
    const { openSqlite } = await import(${sourceOf('stores/sqlite/index.ts')});
    if (process.getuid() === 0) {
      process.setgid(65534);
      process.setuid(65534);
    }
    const database = openSqlite(${JSON.stringify(file)}, { readOnly: true });
    const digestKey = new Uint8Array(32).fill(3);
    const auth = createAuth({ store: createKyselyTokenStore(database), digestKey, cacheMilliseconds: 0 });
    const verify = () => auth.verify(${JSON.stringify(token)}).then(({ name }) => name, ({ code }) => code);
    console.log(await verify());
    process.stdin.on('data', async () => console.log(await verify()));
  `);
}

describe('a database that is only read', () => {
  it('verifies, and sees what is changed by a writer that has come and gone', async () => {
    const place = makePlace();
    const made = await openWriting(place.file);
    const { token, record } = await made.auth.issue({ name: 'ci', grant: GRANT }, made.auth.operator());
    await made[Symbol.asyncDispose]();
    place.close();
    const program = verifyElsewhere(place.file, token);
    onTestFinished(program.kill);
    expect(await program.nextLine()).toBe('ci');
    place.open();
    {
      await using writing = await openWriting(place.file);
      await writing.auth.revoke(record.id, writing.auth.operator());
    }
    place.close();
    program.go();
    expect(await program.nextLine()).toBe('AUTH_TOKEN_REVOKED');
  });

  it('verifies beside a writer that comes later, and stays', async () => {
    const place = makePlace();
    const made = await openWriting(place.file);
    const { token, record } = await made.auth.issue({ name: 'ci', grant: GRANT }, made.auth.operator());
    await made[Symbol.asyncDispose]();
    place.close();
    const program = verifyElsewhere(place.file, token);
    onTestFinished(program.kill);
    expect(await program.nextLine()).toBe('ci');
    place.open();
    await using writing = await openWriting(place.file);
    await writing.auth.edit(record.id, { name: 'renamed' }, writing.auth.operator());
    place.close();
    program.go();
    expect(await program.nextLine()).toBe('renamed');
    await writing.auth.revoke(record.id, writing.auth.operator());
    program.go();
    expect(await program.nextLine()).toBe('AUTH_TOKEN_REVOKED');
    place.open();
  });

  it('takes no write, and is not made where there is none', async () => {
    const { file } = makePlace();
    expect(() => openSqlite(file, { readOnly: true })).toThrow('unable to open');
    expect(() => openSqlite(':memory:', { readOnly: true })).toThrow('readOnly');
    await (await openWriting(file))[Symbol.asyncDispose]();
    const database = openSqlite<unknown>(file, { readOnly: true });
    const auth = createAuth({ store: createKyselyTokenStore(database), digestKey });
    const issue = auth.issue({ name: 'ci', grant: GRANT }, auth.operator());
    await expect(issue).rejects.toMatchObject({ code: 'AUTH_STORE_UNAVAILABLE' });
    await database.destroy();
  });
});
