import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createAuth } from '@latchkey/auth-core';
import { type Auth, llm } from '@latchkey/auth-core/llm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureAdministrator, recoverAdministrator, withAdministratorFile } from '../../src/state/administrator.ts';
import { openDataFolder } from '../../src/state/data-folder.ts';
import { openDatabase } from '../../src/state/database.ts';
import { createPostgresDatabase } from '../scripted/postgres-database.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

const postgres = await createPostgresDatabase();
const LATCHKEY_SECRET = 'one secret for all servers of a database';
let opened: AsyncDisposableStack;
beforeEach(() => {
  opened = new AsyncDisposableStack();
});
afterEach(() => opened.disposeAsync());

/** A server's part in it: a folder of its own, and a database that others may use too. */
async function open(place?: string) {
  const folder = openDataFolder(temporaryFolder(), { LATCHKEY_SECRET });
  const { tokens, administrator } = await openDatabase(place ?? folder.database, opened);
  const auth = createAuth({ vocabulary: llm, store: tokens, digestKey: folder.secrets });
  /** `looked` is awaited when it has been seen which tokens there are. */
  const ensure = (looked: () => Promise<void> = async () => undefined) => {
    const list: Auth['list'] = (...asked) => auth.list(...asked).finally(looked);
    return ensureAdministrator({ ...auth, list }, folder, administrator);
  };
  return { auth, folder, ensure, administrator };
}

describe('ensureAdministrator', () => {
  it('makes a token that may do everything, in a file for its owner alone', async () => {
    const { auth, folder, ensure } = await open();
    await ensure();
    const principal = await auth.verify(readFileSync(folder.adminToken, 'utf8').trim());
    expect(auth.decide(principal, { action: 'tokens:write' }).allowed).toBe(true);
    expect(auth.decide(principal, { action: 'chat', models: 'm', mcp: { server: 's', name: 't' } }).allowed).toBe(true);
    expect(statSync(folder.adminToken).mode & 0o777).toBe(0o600);
  });

  it('makes none beside a token of a database that was lost, and leaves that as it is', async () => {
    const { folder, ensure } = await open();
    writeFileSync(folder.adminToken, 'of another database');
    await expect(ensure()).rejects.toMatchObject({ code: 'unusable_database' });
    expect(readFileSync(folder.adminToken, 'utf8')).toBe('of another database');
  });

  it('makes one only', async () => {
    const { auth, folder, ensure } = await open();
    await ensure();
    const token = readFileSync(folder.adminToken, 'utf8');
    await ensure();
    expect(readFileSync(folder.adminToken, 'utf8')).toBe(token);
    expect(await auth.list(auth.operator())).toHaveLength(1);
  });

  it('makes one beside tokens that may do less', async () => {
    const { auth, folder, ensure } = await open();
    await auth.issue({ name: 'made before the first start', grant: { actions: ['chat'] } }, auth.operator());
    await ensure();
    expect(existsSync(folder.adminToken)).toBe(true);
  });

  it('does not bring back one that was revoked', async () => {
    const { auth, folder, ensure } = await open();
    await ensure();
    const [administrator] = await auth.list(auth.operator());
    await auth.revoke(administrator?.id ?? '', auth.operator());
    rmSync(folder.adminToken);
    await ensure();
    expect(existsSync(folder.adminToken)).toBe(false);
  });

  it('makes none beside one that somebody has made, and revoked, before the first start', async () => {
    const { auth, folder, ensure } = await open();
    const { record } = await auth.issue({ name: 'mine', grant: { actions: ['*'] } }, auth.operator());
    await auth.revoke(record.id, auth.operator());
    await ensure();
    expect(existsSync(folder.adminToken)).toBe(false);
  });

  it.each([
    ['a SQLite file', () => join(temporaryFolder(), 'shared.db')],
    [postgres.name, () => postgres.url],
  ])('makes one when servers start at once on %s, and leaves nothing of the others', async (_, place) => {
    const shared = place();
    const servers = await Promise.all(Array.from({ length: 4 }, () => open(shared)));
    let looking = servers.length;
    const { promise: allHaveLooked, resolve } = Promise.withResolvers<void>();
    const looked = (): Promise<void> => {
      if (--looking === 0) resolve();
      return allHaveLooked;
    };
    await Promise.all(servers.map(({ ensure }) => ensure(looked)));
    const [{ auth }] = servers as [(typeof servers)[0]];
    const living = (await auth.list(auth.operator())).filter(({ revokedAt }) => revokedAt === undefined);
    const files = servers.flatMap(({ folder }) => readdirSync(folder.path).map((name) => join(folder.path, name)));
    const written = files.filter((file) => basename(file).startsWith('admin-token'));
    expect(written.map((file) => basename(file))).toEqual(['admin-token']);
    const { id } = await auth.verify(readFileSync(written[0] ?? '', 'utf8').trim());
    expect(living.map((info) => info.id)).toEqual([id]);
  });
});

describe("the administrator's token in the data folder", () => {
  const tokenIn = ({ adminToken }: { readonly adminToken: string }): string => readFileSync(adminToken, 'utf8').trim();

  it('is the new one when the token gets a new secret, for whoever has asked for it', async () => {
    const { auth, folder, ensure } = await open();
    await ensure();
    const administrator = await auth.verify(tokenIn(folder));
    const { record } = await auth.issue({ name: 'other', grant: { actions: ['chat'] } }, auth.operator());
    const kept = withAdministratorFile(auth, folder, (cause) => expect.fail(String(cause)));
    await kept.rotate(record.id, {}, auth.operator());
    expect((await auth.verify(tokenIn(folder))).id).toBe(administrator.id);
    const { token } = await kept.rotate(administrator.id, {}, administrator);
    expect(tokenIn(folder)).toBe(token);
    expect(statSync(folder.adminToken).mode & 0o777).toBe(0o600);
  });

  it('comes back when it is lost: the token gets a new secret, and the lost one works no more', async () => {
    const { auth, folder, ensure, administrator } = await open();
    await ensure();
    const lost = tokenIn(folder);
    rmSync(folder.adminToken);
    const { id } = await recoverAdministrator(auth, folder, administrator);
    expect((await auth.verify(tokenIn(folder))).id).toBe(id);
    await expect(auth.verify(lost)).rejects.toMatchObject({ code: 'AUTH_TOKEN_ROTATED' });
  });

  it.each([
    ['was revoked', (auth: Auth, id: string) => auth.revoke(id, auth.operator())],
    ['may do less now', (auth: Auth, id: string) => auth.edit(id, { grant: { actions: ['chat'] } }, auth.operator())],
    [
      'may do it from nowhere',
      (auth: Auth, id: string) => auth.edit(id, { grant: { ...llm.everything, networks: [] } }, auth.operator()),
    ],
  ])('is another one when the token %s', async (_, end) => {
    const { auth, folder, ensure, administrator } = await open();
    await ensure();
    const { id } = await auth.verify(tokenIn(folder));
    await end(auth, id);
    const recovered = await recoverAdministrator(auth, folder, administrator);
    expect(recovered.id).not.toBe(id);
    const principal = await auth.verify(tokenIn(folder));
    expect(auth.decide(principal, { action: 'tokens:write' }).allowed).toBe(true);
    // From then on that one is the administrator's.
    expect((await recoverAdministrator(auth, folder, administrator)).id).toBe(recovered.id);
  });
});
