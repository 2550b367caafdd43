import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/state/database.ts';
import { requireSameSecret } from '../../src/state/same-secret.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

const secret = new TextEncoder().encode('a secret of at least 32 characters');
const other = new TextEncoder().encode('another one, which is as long as that');

describe('requireSameSecret', () => {
  it('takes the first secret, and that one again', async () => {
    await using owner = new AsyncDisposableStack();
    const database = await openDatabase(join(temporaryFolder(), 'latchkey.db'), owner);
    await requireSameSecret(database.secret, secret);
    await requireSameSecret(database.secret, secret);
  });

  it('refuses another one, and says what to do', async () => {
    await using owner = new AsyncDisposableStack();
    const database = await openDatabase(join(temporaryFolder(), 'latchkey.db'), owner);
    await requireSameSecret(database.secret, secret);
    const refused = expect.objectContaining({ code: 'CONFLICT', message: expect.stringContaining('LATCHKEY_SECRET') });
    await expect(requireSameSecret(database.secret, other)).rejects.toThrow(refused);
    await requireSameSecret(database.secret, secret);
  });

  it('keeps nothing that shows the secret', async () => {
    await using owner = new AsyncDisposableStack();
    const { secret: table } = await openDatabase(join(temporaryFolder(), 'latchkey.db'), owner);
    await requireSameSecret(table, secret);
    const rows = await table.selectFrom('secret_check').selectAll().execute();
    expect(rows).toEqual([{ id: 'installation', digest: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    expect(JSON.stringify(rows)).not.toContain(Buffer.from(secret).toString('hex'));
  });
});
