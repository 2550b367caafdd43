import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Auth, createAuth } from '@latchkey/auth-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureAdministrator } from '../../src/state/administrator.ts';
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
  const auth = createAuth({ store: tokens, digestKey: folder.secret });
  /** `looked` is awaited when it has been seen which tokens there are. */
  const ensure = (looked: () => Promise<void> = async () => undefined) => {
    const list: Auth['list'] = (...asked) => auth.list(...asked).finally(looked);
    return ensureAdministrator({ ...auth, list }, folder, administrator);
  };
  return { auth, folder, ensure };
}

describe('ensureAdministrator', () => {
  it('makes a token that may do everything, in a file for its owner alone', async () => {
    const { auth, folder, ensure } = await open();
    await ensure();
    const principal = await auth.verify(readFileSync(folder.adminToken, 'utf8').trim());
    expect(auth.decide(principal, { action: 'tokens:write' }).allowed).toBe(true);
    expect(auth.decide(principal, { action: 'chat', model: 'm', tool: { server: 's', name: 't' } }).allowed).toBe(true);
    expect(statSync(folder.adminToken).mode & 0o777).toBe(0o600);
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
