import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/state/database.ts';
import {
  findOldestSecret,
  forgetFormerSecrets,
  nameInstallation,
  requireSameSecret,
} from '../../src/state/same-secret.ts';
import type { Secrets } from '../../src/state/secrets.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

const secret = new TextEncoder().encode('a secret of at least 32 characters');
const other = new TextEncoder().encode('another one, which is as long as that');

const third = new TextEncoder().encode('a third one, as long as the others are');

describe('requireSameSecret', () => {
  it('takes the first secret, and that one again', async () => {
    await using owner = new AsyncDisposableStack();
    const database = await openDatabase(join(temporaryFolder(), 'latchkey.db'), owner);
    await requireSameSecret(database.secret, [secret]);
    await requireSameSecret(database.secret, [secret]);
  });

  it('refuses another one, and says what to do', async () => {
    await using owner = new AsyncDisposableStack();
    const database = await openDatabase(join(temporaryFolder(), 'latchkey.db'), owner);
    await requireSameSecret(database.secret, [secret]);
    const refused = expect.objectContaining({ code: 'CONFLICT', message: expect.stringContaining('LATCHKEY_SECRET') });
    await expect(requireSameSecret(database.secret, [other])).rejects.toThrow(refused);
    await requireSameSecret(database.secret, [secret]);
  });

  it('keeps nothing that shows the secret', async () => {
    await using owner = new AsyncDisposableStack();
    const { secret: table } = await openDatabase(join(temporaryFolder(), 'latchkey.db'), owner);
    await requireSameSecret(table, [secret]);
    const rows = await table.selectFrom('secret_check').selectAll().execute();
    expect(rows).toEqual([{ id: 'installation', digest: expect.stringMatching(/^[0-9a-f]{64}$/), name: null }]);
    expect(JSON.stringify(rows)).not.toContain(Buffer.from(secret).toString('hex'));
  });
});

describe('the oldest secret', () => {
  it.each<[string, readonly Secrets[]]>([
    ['one after the other', [[secret], [other, secret]]],
    ['without a pause', [[secret], [secret, other], [other, secret]]],
    ['twice, with the former ones in any order', [[secret], [other, secret], [third, secret, other]]],
  ])('stays the same while the secret is changed %s, and so does the name; until it is dropped', async (_, phases) => {
    await using owner = new AsyncDisposableStack();
    const { secret: table } = await openDatabase(join(temporaryFolder(), 'latchkey.db'), owner);
    const names = new Set<string>();
    for (const secrets of phases) {
      await requireSameSecret(table, secrets);
      expect(await findOldestSecret(table, secrets)).toBe(secret);
      names.add(await nameInstallation(table, secrets));
    }
    const [present] = phases.at(-1) ?? [other];
    await forgetFormerSecrets(table, [present]);
    expect(await findOldestSecret(table, [present])).toBe(present);
    expect(names.add(await nameInstallation(table, [present])).size).toBe(1);
  });
});
