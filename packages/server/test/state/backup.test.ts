import {
  existsSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readBackupList } from '../../src/config/backup-list.ts';
import { DEFAULT_INSTALLATION_SETTINGS, toAuthSettings } from '../../src/settings/installation-settings.ts';
import { backUp, restore } from '../../src/state/backup.ts';
import { openDataFolder } from '../../src/state/data-folder.ts';
import { openDatabase } from '../../src/state/database.ts';
import { lockFolder } from '../../src/state/folder-lock.ts';
import { openTokens } from '../../src/state/open-tokens.ts';
import { requireSameSecret } from '../../src/state/same-secret.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

/** A data folder with a token in it, whose database is open as long as a server's is. */
async function usedFolder(owner: AsyncDisposableStack) {
  const data = join(temporaryFolder(), 'data');
  const folder = openDataFolder(data, {});
  const database = await openDatabase(folder.database, owner);
  await requireSameSecret(database.secret, folder.secrets);
  const { auth } = openTokens({
    store: database.tokens,
    signingKeys: database.signingKeys,
    secrets: folder.secrets,
    issuer: 'https://latchkey.test',
    settings: () => toAuthSettings(DEFAULT_INSTALLATION_SETTINGS),
    audit: async () => undefined,
  });
  owner.use(auth);
  await auth.issue({ name: 'ci', grant: { actions: ['chat'] } }, auth.operator());
  writeFileSync(join(data, 'mcp.json'), '{"mcpServers":{}}');
  return data;
}

describe('a backup', () => {
  it('is whole while the database is open, for its owner alone, and makes the same folder again', async () => {
    await using owner = new AsyncDisposableStack();
    const data = await usedFolder(owner);
    const target = join(temporaryFolder(), 'backup');
    const contents = { files: ['latchkey.db', 'secret.key', 'mcp.json', 'backups.json'], tokens: 1 };
    expect(backUp(data, target, undefined)).toEqual(contents);
    expect(statSync(target).mode & 0o777).toBe(0o700);
    for (const name of contents.files) expect(statSync(join(target, name)).mode & 0o777).toBe(0o600);
    const again = join(temporaryFolder(), 'again');
    expect(restore(target, again, undefined)).toEqual(contents);
    expect(readFileSync(join(again, 'secret.key'), 'utf8')).toBe(readFileSync(join(data, 'secret.key'), 'utf8'));
  });

  it('is listed in the data folder, until it is gone, and in what is restored from it', async () => {
    await using owner = new AsyncDisposableStack();
    const data = await usedFolder(owner);
    const [first, second, third] = ['a', 'b', 'c'].map((name) => join(realpathSync(temporaryFolder()), name)) as [
      string,
      string,
      string,
    ];
    backUp(data, first, undefined);
    backUp(data, second, undefined);
    expect(readBackupList(data)).toEqual([first, second]);
    rmSync(first, { recursive: true });
    backUp(data, third, undefined);
    expect(readBackupList(data)).toEqual([second, third]);
    renameSync(third, `${third}-moved`);
    const again = join(temporaryFolder(), 'again');
    restore(`${third}-moved`, again, undefined);
    expect(readBackupList(again)).toEqual([second, `${third}-moved`]);
  });

  it('goes into no folder that holds something', async () => {
    await using owner = new AsyncDisposableStack();
    const data = await usedFolder(owner);
    const target = temporaryFolder();
    writeFileSync(join(target, 'x'), '');
    expect(() => backUp(data, target, undefined)).toThrow(`${target} is not empty`);
  });

  it('is not made of a folder without a database', () => {
    const target = join(temporaryFolder(), 'backup');
    expect(() => backUp(temporaryFolder(), target, undefined)).toThrow('nothing to back up');
    expect(existsSync(target)).toBe(false);
  });

  it.each<[string, (backup: string) => void, RegExp]>([
    ['is cut off', (backup) => truncateSync(join(backup, 'latchkey.db'), 8192), /latchkey\.db/],
    [
      'has a key of another',
      (backup) => writeFileSync(join(backup, 'secret.key'), Buffer.alloc(32, 7).toString('base64')),
      /another secret/,
    ],
    [
      'is no database',
      (backup) => writeFileSync(join(backup, 'latchkey.db'), 'x'.repeat(9000)),
      /latchkey\.db cannot be used/,
    ],
  ])('that %s is not restored', async (_, damage, message) => {
    await using owner = new AsyncDisposableStack();
    const target = join(temporaryFolder(), 'backup');
    backUp(await usedFolder(owner), target, undefined);
    damage(target);
    const again = join(temporaryFolder(), 'again');
    expect(() => restore(target, again, undefined)).toThrow(message);
    expect(existsSync(again)).toBe(false);
  });

  it('is restored over nothing that is there, and under no server', async () => {
    await using owner = new AsyncDisposableStack();
    const data = await usedFolder(owner);
    const target = join(temporaryFolder(), 'backup');
    backUp(data, target, undefined);
    expect(() => restore(target, data, undefined)).toThrow('is there already');
    const locked = temporaryFolder();
    using _lock = lockFolder(locked);
    expect(() => restore(target, locked, undefined)).toThrow(expect.objectContaining({ code: 'CONFLICT' }));
  });
});
