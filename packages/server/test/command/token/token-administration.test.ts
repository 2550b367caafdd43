import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createAuditLog, createAuth } from '@latchkey/auth-core';
import { type Grant, llm } from '@latchkey/auth-core/llm';
import { describe, expect, it } from 'vitest';
import { makeClosedFolder } from '../../../src/command/closed-folder.ts';
import { openInstallation, openOperatorDesk } from '../../../src/command/open-installation.ts';
import { withTokenAdministration } from '../../../src/command/token/administer-tokens.ts';
import { findTokenId } from '../../../src/command/token/find-token.ts';
import { confirmLastAdministrator } from '../../../src/command/token/last-administrator.ts';
import type { TokenAdministration } from '../../../src/command/token/token-administration.ts';
import { createKyselySettingsStore } from '../../../src/settings/kysely-settings-store.ts';
import { createLiveSettings } from '../../../src/settings/live-settings.ts';
import { openDataFolder } from '../../../src/state/data-folder.ts';
import { openDatabase } from '../../../src/state/database.ts';
import { temporaryFolder } from '../../scripted/temporary-folder.ts';

const GRANT: Grant = { actions: ['chat'], models: ['ibm/*'] };

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
    const auth = opened.use(createAuth({ vocabulary: llm, store: tokens, digestKey: folder.secrets }));
    expect(await auth.verify(created.token)).toMatchObject({ name: 'ci', id: created.id });
  });

  it('lists, shows, changes and revokes them, and never shows a secret again', async () => {
    const data = temporaryFolder();
    const { id, token } = await offline(data, (tokens) => tokens.create({ name: 'ci', grant: GRANT }));
    const seen = [
      await offline(data, (tokens) => tokens.list({})),
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

  it('makes every kind of token, and shows a legacy one again', async () => {
    const data = temporaryFolder();
    const secret = 'Kj83nfQ0zPq7LmX2vBt9wR4c';
    const made = await offline(data, async (tokens) => [
      await tokens.create({ name: 'key', grant: GRANT, kind: 'api-key', rotateAfterSeconds: 60 }),
      await tokens.create({ name: 'mine', grant: GRANT, kind: 'custom', secret }),
      await tokens.create({ name: 'pat', grant: GRANT, kind: 'personal-access', project: 'web' }),
      await tokens.create({ name: 'old', grant: GRANT, kind: 'legacy', owner: 'operator' }),
    ]);
    await using opened = new AsyncDisposableStack();
    const { auth } = await openInstallation({ data, environment: {} }, opened);
    for (const { id, kind, token } of made) expect(await auth.verify(token)).toMatchObject({ id, kind });
    const shown = await offline(data, (tokens) => Promise.all(made.map(({ id }) => tokens.show(id))));
    expect(shown.map(({ token }) => token)).toEqual([undefined, undefined, undefined, made[3]?.token]);
  });

  it("writes the new secret of the administrator's token into the data folder", async () => {
    const data = temporaryFolder();
    await offline(data, (tokens) => tokens.create({ name: 'ci', grant: GRANT }));
    const recover = async () => {
      await using opened = new AsyncDisposableStack();
      return await (await openOperatorDesk({ data, environment: {} }, opened)).recover();
    };
    const { id } = await recover();
    const { token } = await offline(data, (tokens) => tokens.rotate(id, {}));
    expect(readFileSync(join(data, 'admin-token'), 'utf8').trim()).toBe(token);
  });

  it('gives a token a new secret, and ends the tokens of an owner', async () => {
    const data = temporaryFolder();
    const [rotated, revoked, left] = await offline(data, async (tokens) => {
      const { id } = await tokens.create({ name: 'ci', grant: GRANT, owner: 'ada' });
      await tokens.create({ name: 'other', grant: GRANT, owner: 'grace' });
      return [
        await tokens.rotate(id, { overlap: 'until-first-use' }),
        await tokens.revokeAll({ owner: 'ada' }),
        await tokens.list({ owner: 'grace' }),
      ];
    });
    expect(rotated).toMatchObject({ name: 'ci', overlapEndsAt: 'first-use', token: expect.stringMatching(/^sk-lm-/) });
    expect(revoked).toMatchObject({ revoked: [{ id: rotated.id, revokedAt: expect.any(String) }] });
    expect(left).toMatchObject([{ name: 'other' }]);
  });

  it('goes by the settings of the installation', async () => {
    const data = temporaryFolder();
    await using opened = new AsyncDisposableStack();
    const { settings } = await openDatabase(openDataFolder(data, {}).database, opened);
    const live = await createLiveSettings({
      store: createKyselySettingsStore(settings),
      authentication: { forcedOff: false, refusal: undefined },
      clock: () => new Date(),
    });
    await live.change({ tokenKinds: { legacy: false } }, { id: 'local:operator', name: 'operator' });
    const create = offline(data, (tokens) => tokens.create({ name: 'old', grant: GRANT, kind: 'legacy' }));
    await expect(create).rejects.toMatchObject({ code: 'AUTH_INPUT_INVALID' });
  });

  it('takes note of it in the audit log', async () => {
    const data = temporaryFolder();
    const { id } = await offline(data, (tokens) => tokens.create({ name: 'ci', grant: GRANT }));
    await offline(data, (tokens) => tokens.revoke(id));
    await using opened = new AsyncDisposableStack();
    const folder = openDataFolder(data, {});
    const { audit } = await openDatabase(folder.database, opened);
    const log = opened.use(createAuditLog({ store: audit, key: folder.secrets }));
    expect((await log.list({})).map(({ type, subject, actor }) => [type, subject, actor.id])).toEqual([
      ['token.issued', id, 'local:operator'],
      ['token.revoked', id, 'local:operator'],
    ]);
  });

  it('says in plain words what it refuses', async () => {
    const data = temporaryFolder();
    await expect(
      offline(data, (tokens) => tokens.create({ name: 'ci', grant: { actions: ['fly' as 'chat'] } })),
    ).rejects.toMatchObject({ code: 'AUTH_GRANT_INVALID', message: expect.stringContaining('grant.actions[0]') });
    await expect(offline(data, (tokens) => tokens.show('nonesuch'))).rejects.toMatchObject({
      code: 'AUTH_TOKEN_NOT_FOUND',
    });
  });

  it('keeps the store for its owner alone', async () => {
    const data = join(temporaryFolder(), 'new');
    makeClosedFolder({ data });
    await offline(data, (tokens) => tokens.list({}));
    expect(statSync(data).mode & 0o777).toBe(0o700);
  });

  it('says that a folder is not there, and makes none', async () => {
    const data = join(temporaryFolder(), 'mistyped');
    await expect(offline(data, (tokens) => tokens.list({}))).rejects.toThrow(`There is no data folder ${data}.`);
    expect(existsSync(data)).toBe(false);
  });

  it('needs the secret that the tokens were made with', async () => {
    const data = temporaryFolder();
    const { token } = await offline(data, (tokens) => tokens.create({ name: 'ci', grant: GRANT }));
    await using opened = new AsyncDisposableStack();
    const { tokens } = await openDatabase(join(data, 'latchkey.db'), opened);
    const auth = opened.use(createAuth({ vocabulary: llm, store: tokens, digestKey: new Uint8Array(32) }));
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'AUTH_STORE_UNAVAILABLE' });
  });
});

describe('a token that a command names', () => {
  it('is the one with that id, or the only one with that name that works', async () => {
    const data = temporaryFolder();
    await offline(data, async (tokens) => {
      const [plain, old] = [
        await tokens.create({ name: 'plain', grant: GRANT }),
        await tokens.create({ name: 'old', grant: GRANT }),
      ];
      const again = await tokens.create({ name: 'old', grant: GRANT });
      expect(await findTokenId(tokens, plain.id)).toBe(plain.id);
      expect(await findTokenId(tokens, 'plain')).toBe(plain.id);
      await expect(findTokenId(tokens, 'old')).rejects.toThrow(new RegExp(`Write the id: .*(${old.id}|${again.id}), `));
      await tokens.revoke(old.id);
      expect(await findTokenId(tokens, 'old')).toBe(again.id);
      expect(await findTokenId(tokens, 'nobody')).toBe('nobody');
    });
  });

  it('is not ended without a word when it is the last that may administer', async () => {
    const data = temporaryFolder();
    await offline(data, async (tokens) => {
      const one = await tokens.create({ name: 'one', grant: llm.everything });
      const chat = await tokens.create({ name: 'chat', grant: GRANT });
      await confirmLastAdministrator(tokens, [chat.id], {});
      const refused = confirmLastAdministrator(tokens, [one.id], {});
      await expect(refused).rejects.toThrow(/latchkey admin recover.*--yes/);
      await confirmLastAdministrator(tokens, [one.id], { yes: true });
      await tokens.create({ name: 'two', grant: llm.everything });
      await confirmLastAdministrator(tokens, [one.id], {});
    });
  });

  it('is ended with a warning when it was the last that may administer', async () => {
    const data = temporaryFolder();
    const warnings = [{ path: 'administrators', message: expect.stringMatching(/No administrator.*admin recover/) }];
    await offline(data, async (tokens) => {
      const one = await tokens.create({ name: 'one', grant: llm.everything, owner: 'ada' });
      expect(await confirmLastAdministrator(tokens, [one.id], { yes: true })).toEqual(warnings);
      expect(await tokens.edit(one.id, { grant: GRANT })).toMatchObject({ warnings });
      await tokens.edit(one.id, { grant: llm.everything });
      expect(await tokens.revokeAll({ owner: 'ada' })).toMatchObject({ warnings });
      const two = await tokens.create({ name: 'two', grant: llm.everything });
      expect(await tokens.revoke(two.id)).toMatchObject({ warnings });
    });
  });
});
