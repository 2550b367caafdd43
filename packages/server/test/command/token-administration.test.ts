import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createAuth } from '@latchkey/auth-core';
import { describe, expect, it } from 'vitest';
import { type TokenAdministration, withTokenAdministration } from '../../src/command/token-administration.ts';
import { openDataFolder } from '../../src/state/data-folder.ts';
import { openDatabase } from '../../src/state/database.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

const GRANT = { actions: ['chat'], models: ['ibm/*'] };

/** On the store itself: no server runs on the folder. */
const offline = <T>(data: string, use: (tokens: TokenAdministration) => Promise<T>): Promise<T> =>
  withTokenAdministration({ data }, {}, use);

describe('managing tokens without a server', () => {
  it('makes a token that the server will know', async () => {
    const data = temporaryFolder();
    const created = await offline(data, (tokens) => tokens.create({ name: 'ci', grant: GRANT }));
    expect(created).toMatchObject({ name: 'ci', grant: GRANT, token: expect.stringMatching(/^sk-lm-/) });
    await using opened = new AsyncDisposableStack();
    const folder = openDataFolder(data, {});
    const { tokens } = await openDatabase(folder.database, opened);
    const auth = opened.use(createAuth({ store: tokens, digestKey: folder.secret }));
    expect(await auth.verify(created.token)).toMatchObject({ name: 'ci', id: created.id });
  });

  it('lists, shows, changes and revokes them, and never shows a secret again', async () => {
    const data = temporaryFolder();
    const { id, token } = await offline(data, (tokens) => tokens.create({ name: 'ci', grant: GRANT }));
    const seen = [
      await offline(data, (tokens) => tokens.list()),
      await offline(data, (tokens) => tokens.show(id)),
      await offline(data, (tokens) => tokens.edit(id, { name: 'nightly' })),
      await offline(data, (tokens) => tokens.revoke(id)),
    ];
    expect(seen).toEqual([
      [expect.objectContaining({ id, name: 'ci' })],
      expect.objectContaining({ name: 'ci' }),
      expect.objectContaining({ name: 'nightly', grant: GRANT }),
      expect.objectContaining({ revokedAt: expect.any(String) }),
    ]);
    expect(JSON.stringify(seen)).not.toContain(token.split(':')[1]);
    expect(JSON.stringify(seen)).not.toContain('digest');
  });

  it('says in plain words what it refuses', async () => {
    const data = temporaryFolder();
    await expect(
      offline(data, (tokens) => tokens.create({ name: 'ci', grant: { actions: ['fly'] } })),
    ).rejects.toMatchObject({ name: 'CommandError', message: expect.stringContaining('grant.actions[0]') });
    await expect(offline(data, (tokens) => tokens.show('nonesuch'))).rejects.toMatchObject({ name: 'CommandError' });
  });

  it('keeps the store for its owner alone', async () => {
    const data = join(temporaryFolder(), 'new');
    await offline(data, (tokens) => tokens.list());
    expect(statSync(data).mode & 0o777).toBe(0o700);
  });

  it('needs the secret that the tokens were made with', async () => {
    const data = temporaryFolder();
    const { token } = await offline(data, (tokens) => tokens.create({ name: 'ci', grant: GRANT }));
    await using opened = new AsyncDisposableStack();
    const { tokens } = await openDatabase(join(data, 'latchkey.db'), opened);
    const auth = opened.use(createAuth({ store: tokens, digestKey: new Uint8Array(32) }));
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
  });
});
