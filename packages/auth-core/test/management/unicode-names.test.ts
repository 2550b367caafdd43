import { beforeEach, describe, expect, it } from 'vitest';
import { createRequestAuthenticator } from '../../src/http/index.ts';
import { type Migrations, migrate, tokenMigrations } from '../../src/stores/kysely/index.ts';
import { openSqlite } from '../../src/stores/sqlite/index.ts';
import { llm } from '../words.ts';
import { createManagedAuth, makePrincipal } from './managed-auth.ts';

/** One name in two encodings: an accent of its own, and in the letter. */
const APART = 'Zoe\u0301';
const TOGETHER = 'Zo\u00e9';
const grant = { actions: ['usage:read'] } as const;

let managed: ReturnType<typeof createManagedAuth>;
beforeEach(() => {
  managed = createManagedAuth();
});

describe('names that look alike are one name', () => {
  it.each([
    [APART, TOGETHER],
    [TOGETHER, APART],
  ])('of owners and projects, when tokens are issued, listed and revoked', async (given, asked) => {
    const { auth, operator } = managed;
    const issue = { name: given, grant, owner: given, project: given };
    const { record } = await auth.issue(issue, operator);
    expect(record).toMatchObject({ name: TOGETHER, owner: TOGETHER, project: TOGETHER });
    for (const filter of [{ owner: asked }, { project: asked }]) {
      expect((await auth.list(operator, filter)).map(({ id }) => id)).toEqual([record.id]);
    }
    expect(await auth.edit(record.id, { name: asked }, operator)).toMatchObject({ name: TOGETHER });
    for (const filter of [{ owner: asked }, { project: asked }]) {
      const { record: another } = await auth.issue(issue, operator);
      expect((await auth.revokeAll(filter, operator)).map(({ id }) => id)).toContain(another.id);
    }
  });

  it('of projects, when a principal, a header or a decision selects one', async () => {
    const { auth } = managed;
    for (const [granted, asked] of [
      [APART, TOGETHER],
      [TOGETHER, APART],
    ] as const) {
      const by = await makePrincipal(auth, { actions: ['usage:read'], projects: [granted, `${granted}/*`] });
      expect(auth.selectProject(by, asked).project).toBe(TOGETHER);
      expect(auth.decide(by, { action: 'usage:read', project: asked })).toMatchObject({ allowed: true });
      expect(
        llm.decide(by.authority, { action: 'usage:read', project: `${asked}/7` }, { now: new Date() }),
      ).toMatchObject({
        allowed: true,
      });
      const bound = await makePrincipal(auth, grant, { project: granted });
      expect(auth.decide(bound, { action: 'usage:read', project: asked })).toMatchObject({ allowed: true });
    }
  });

  it('of a project that a header names', async () => {
    const { auth, operator } = managed;
    const { token } = await auth.issue({ name: 'ci', grant: { ...grant, projects: [APART] } }, operator);
    const authenticate = createRequestAuthenticator({ auth });
    const { projectHeader } = llm.names;
    const header = (name: string) => {
      if (name === 'authorization') return [`Bearer ${token}`];
      return name === projectHeader.toLowerCase() ? [Buffer.from(APART).toString('latin1')] : [];
    };
    expect((await authenticate({ header })).principal.project).toBe(TOGETHER);
  });

  it('also where they were stored before', async () => {
    const database = openSqlite<{ tokens: Record<string, string | number | null> }>(':memory:');
    const before: Migrations = Object.fromEntries(Object.entries(tokenMigrations).filter(([name]) => name < '0012'));
    await migrate(database, before, 'token_migrations');
    const row = { kind: 'api-key', digest: 'd', grant_json: '{}', created_at: '', created_by: '', version: 1 };
    const ids = Array.from({ length: 501 }, (_, index) => `token ${index}`);
    for (const id of ids) {
      const project = id === 'token 0' ? null : APART;
      await database
        .insertInto('tokens')
        .values({ ...row, id, name: APART, owner: APART, project })
        .execute();
    }
    await migrate(database, tokenMigrations, 'token_migrations');
    const rows = await database.selectFrom('tokens').select(['id', 'name', 'owner', 'project']).execute();
    expect(rows).toHaveLength(ids.length);
    for (const { id, ...names } of rows) {
      const project = id === 'token 0' ? null : TOGETHER;
      expect(names).toEqual({ name: TOGETHER, owner: TOGETHER, project });
    }
    await database.destroy();
  });
});
