import { describe, expect, it } from 'vitest';
import type { Grant } from '../../src/index.ts';
import { FULL_GRANT } from '../words.ts';
import { code, createManagedAuth, makePrincipal } from './managed-auth.ts';

const WEB: Grant = { actions: ['chat', 'tokens:write', 'tokens:read'], projects: ['web', 'shop-*'] };

describe('selectProject', () => {
  it('lets a principal act for a project that its grants allow', async () => {
    const { auth, operator } = createManagedAuth();
    const caller = await makePrincipal(auth, WEB);
    expect(auth.selectProject(caller, 'shop-1')).toEqual({ ...caller, project: 'shop-1' });
    expect(auth.selectProject(operator, 'anything').project).toBe('anything');
    expect(auth.decide(caller, { action: 'chat' })).toMatchObject({ allowed: false, rule: 'projects' });
    expect(auth.decide(auth.selectProject(caller, 'web'), { action: 'chat' })).toMatchObject({ allowed: true });
  });

  it('refuses a project that a grant does not allow, and says which grant', async () => {
    const { auth } = createManagedAuth();
    const caller = await makePrincipal(auth, WEB);
    const decision = expect.objectContaining({ grant: 2, source: 'token manager', rule: 'projects' });
    expect(() => auth.selectProject(caller, 'bank')).toThrow(code('AUTH_PERMISSION_DENIED', { decision }));
  });

  it('refuses another project than that of the token', async () => {
    const { auth } = createManagedAuth();
    const caller = await makePrincipal(auth, FULL_GRANT, { project: 'web' });
    expect(auth.selectProject(caller, 'web').project).toBe('web');
    expect(() => auth.selectProject(caller, 'shop')).toThrow(code('AUTH_PERMISSION_DENIED'));
  });

  it('leaves no other project to decide about than the one that is acted for', async () => {
    const { auth, operator } = createManagedAuth();
    const bound = await makePrincipal(auth, FULL_GRANT, { project: 'web' });
    for (const principal of [bound, auth.selectProject(operator, 'web')]) {
      expect(auth.decide(principal, { action: 'chat', project: 'web' })).toMatchObject({ allowed: true });
      const decision = auth.decide(principal, { action: 'chat', project: 'shop' });
      expect(decision).toMatchObject({ allowed: false, rule: 'projects', source: `token ${principal.name}` });
    }
  });

  it('refuses what is no name of a project', async () => {
    const { auth, operator } = createManagedAuth();
    for (const project of ['', ' web', 'a\nb', 'x'.repeat(101)]) {
      expect(() => auth.selectProject(operator, project)).toThrow(code('AUTH_INPUT_INVALID', { path: 'project' }));
    }
  });
});

describe('a token of a project', () => {
  const grant: Grant = { actions: ['chat'] };

  it('makes tokens of that project only', async () => {
    const { auth } = createManagedAuth();
    const manager = await makePrincipal(auth, FULL_GRANT, { project: 'web' });
    expect((await auth.issue({ name: 'a', grant }, manager)).record.project).toBe('web');
    expect((await auth.issue({ name: 'a', grant, project: 'web' }, manager)).record.project).toBe('web');
    const attempt = auth.issue({ name: 'a', grant, project: 'shop' }, manager);
    await expect(attempt).rejects.toThrow(code('AUTH_GRANT_NOT_COVERED'));
  });

  it('is made only by whom the grants allow that project', async () => {
    const { auth } = createManagedAuth();
    const manager = await makePrincipal(auth, WEB);
    const own = { ...grant, projects: ['web'] };
    expect((await auth.issue({ name: 'a', grant: own, project: 'web' }, manager)).record.project).toBe('web');
    const attempt = auth.issue({ name: 'a', grant: own, project: 'bank' }, manager);
    await expect(attempt).rejects.toThrow(code('AUTH_GRANT_NOT_COVERED'));
  });

  it('has a grant that allows its project', async () => {
    const { auth, operator } = createManagedAuth();
    const foreign = { ...grant, projects: ['shop'] };
    const evidence = { path: 'grant.projects' };
    const attempt = auth.issue({ name: 'a', grant: foreign, project: 'web' }, operator);
    await expect(attempt).rejects.toThrow(code('AUTH_GRANT_INVALID', evidence));
    const { record } = await auth.issue({ name: 'a', grant, project: 'web' }, operator);
    const change = auth.edit(record.id, { grant: foreign }, operator);
    await expect(change).rejects.toThrow(code('AUTH_GRANT_INVALID', evidence));
    const caller = await makePrincipal(auth, FULL_GRANT, { project: 'web' });
    await expect(auth.exchange({ grant: foreign }, caller)).rejects.toThrow(code('AUTH_GRANT_INVALID', evidence));
  });

  it('sees and ends tokens of that project, and itself', async () => {
    const { auth, operator, clock } = createManagedAuth();
    const manager = await makePrincipal(auth, FULL_GRANT, { project: 'web' });
    clock.advance(1);
    const own = await auth.issue({ name: 'own', grant, project: 'web' }, operator);
    const foreign = await auth.issue({ name: 'foreign', grant, project: 'shop' }, operator);
    const free = await auth.issue({ name: 'free', grant }, operator);
    expect((await auth.list(manager)).map(({ name }) => name)).toEqual(['manager', 'own']);
    for (const { record } of [foreign, free]) {
      await expect(auth.revoke(record.id, manager)).rejects.toThrow(code('AUTH_TOKEN_NOT_FOUND'));
    }
    await auth.revoke(own.record.id, manager);
    await auth.revoke(manager.id, manager);
  });
});
