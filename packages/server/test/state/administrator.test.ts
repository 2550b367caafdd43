import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { type Auth, createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
import { describe, expect, it } from 'vitest';
import { ensureAdministrator } from '../../src/state/administrator.ts';
import { type DataFolder, openDataFolder } from '../../src/state/data-folder.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

function open(): { readonly auth: Auth; readonly folder: DataFolder } {
  const folder = openDataFolder(temporaryFolder(), {});
  return { auth: createAuth({ store: createMemoryTokenStore(), digestKey: folder.secret }), folder };
}

describe('ensureAdministrator', () => {
  it('makes a token that may do everything, in a file for its owner alone', async () => {
    const { auth, folder } = open();
    await ensureAdministrator(auth, folder);
    const principal = await auth.verify(readFileSync(folder.adminToken, 'utf8').trim());
    expect(auth.decide(principal, { action: 'tokens:write' }).allowed).toBe(true);
    expect(auth.decide(principal, { action: 'chat', model: 'm', tool: { server: 's', name: 't' } }).allowed).toBe(true);
    expect(statSync(folder.adminToken).mode & 0o777).toBe(0o600);
  });

  it('makes one only', async () => {
    const { auth, folder } = open();
    await ensureAdministrator(auth, folder);
    const token = readFileSync(folder.adminToken, 'utf8');
    await ensureAdministrator(auth, folder);
    expect(readFileSync(folder.adminToken, 'utf8')).toBe(token);
    expect(await auth.list(auth.operator())).toHaveLength(1);
  });

  it('makes one beside tokens that may do less', async () => {
    const { auth, folder } = open();
    await auth.issue({ name: 'made before the first start', grant: { actions: ['chat'] } }, auth.operator());
    await ensureAdministrator(auth, folder);
    expect(existsSync(folder.adminToken)).toBe(true);
  });

  it('does not bring back one that was revoked', async () => {
    const { auth, folder } = open();
    await ensureAdministrator(auth, folder);
    const [administrator] = await auth.list(auth.operator());
    await auth.revoke(administrator?.id ?? '', auth.operator());
    rmSync(folder.adminToken);
    await ensureAdministrator(auth, folder);
    expect(existsSync(folder.adminToken)).toBe(false);
  });
});
