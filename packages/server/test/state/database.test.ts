import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openSqlite } from '@latchkey/auth-core/stores/sqlite';
import { describe, expect, it } from 'vitest';
import { createKyselyConversationStore } from '../../src/conversations/kysely-conversation-store.ts';
import { openDatabase } from '../../src/state/database.ts';
import { temporaryFolder, writeFiles } from '../scripted/temporary-folder.ts';

const turn = {
  id: 'resp_1',
  owner: 'token',
  madeBy: ['token'],
  project: null,
  model: 'm',
  parentId: null,
  messages: [{ role: 'assistant', content: [{ type: 'text', text: 'Hi' }] }],
  state: 'completed',
  createdAt: '2026-01-01T00:00:00Z',
} as const;

describe('openDatabase', () => {
  it('makes the tables, finds them the next time, and shares the file with others who have it open', async () => {
    const path = join(temporaryFolder(), 'latchkey.db');
    await using first = new AsyncDisposableStack();
    await createKyselyConversationStore((await openDatabase(path, first)).conversations).save(turn);
    await using second = new AsyncDisposableStack();
    const { tokens, conversations } = await openDatabase(path, second);
    expect(
      await createKyselyConversationStore(conversations).load('resp_1', { owner: 'token', project: null }),
    ).toEqual({
      messages: turn.messages,
    });
    expect(await tokens.list({})).toEqual([]);
  });

  it('makes files that only their owner may read, in a folder that is open to others, too', async () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o755);
    await using opened = new AsyncDisposableStack();
    await openDatabase(join(folder, 'latchkey.db'), opened);
    const modes = readdirSync(folder).map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]);
    expect(modes).toEqual(['latchkey.db', 'latchkey.db-shm', 'latchkey.db-wal'].map((name) => [name, '600']));
  });

  it.each([
    ['is no database', 'not a database at all, but long enough to be one', /file is not a database.*move it away/],
    ['is a folder', undefined, /it is a folder, not a file \(EISDIR\)/],
  ])('says of a file that %s where it is and what to do', async (_, text, message) => {
    const folder = temporaryFolder();
    const path = join(folder, 'latchkey.db');
    if (text === undefined) mkdirSync(path);
    else writeFiles(folder, { 'latchkey.db': text.repeat(100) });
    await using opened = new AsyncDisposableStack();
    const refused = openDatabase(path, opened);
    await expect(refused).rejects.toMatchObject({ name: 'OperatorError', message: expect.stringContaining(path) });
    await expect(refused).rejects.toThrow(message);
  });

  it('says of a database of a newer version where it is', async () => {
    const path = join(temporaryFolder(), 'latchkey.db');
    await using opened = new AsyncDisposableStack();
    await openDatabase(path, opened);
    const database = openSqlite<{ token_migrations: { name: string; applied_at: string } }>(path);
    opened.defer(() => database.destroy());
    await database.insertInto('token_migrations').values({ name: '9999-later', applied_at: '2030-01-01' }).execute();
    const refused = openDatabase(path, opened);
    await expect(refused).rejects.toMatchObject({ name: 'OperatorError', code: 'unusable_database' });
    await expect(refused).rejects.toThrow(`${path} cannot be used: The database has migration 9999-later`);
  });

  it('closes the file with its owner', async () => {
    const owner = new AsyncDisposableStack();
    const { conversations } = await openDatabase(join(temporaryFolder(), 'latchkey.db'), owner);
    await owner.disposeAsync();
    await expect(createKyselyConversationStore(conversations).save(turn)).rejects.toThrow('not open');
  });
});
