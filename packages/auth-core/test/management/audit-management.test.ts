import { describe, expect, it } from 'vitest';
import type { Auth, Principal } from '../../src/index.ts';
import { FULL_GRANT } from '../words.ts';
import { attenuate, code, createManagedAuth, makePrincipal } from './managed-auth.ts';

describe('the audit of management', () => {
  it('is told of each act, by whom and to what, and of no secret', async () => {
    const { auth, operator, events } = createManagedAuth();
    const admin = await makePrincipal(auth, FULL_GRANT, { owner: 'ada', project: 'web' });
    events.length = 0;
    const { token, record } = await auth.issue({ name: 'bot', grant: { actions: ['chat'] }, kind: 'legacy' }, admin);
    await auth.edit(record.id, { name: 'robot', notes: 'canary-notes' }, admin);
    const rotated = await auth.rotate(record.id, { overlap: { seconds: 60 } }, admin);
    await auth.rotate(record.id, { overlap: 'until-first-use' }, admin);
    await auth.reveal(record.id, admin);
    const exchanged = await auth.exchange({}, admin);
    await auth.revoke(record.id, admin);
    const actor = { id: admin.id, name: 'manager', owner: 'ada', rootId: admin.id };
    const digest = expect.stringMatching(/^[0-9a-f]{64}$/);
    const event = (type: string, details: object, subject = record.id) => ({
      type,
      actor,
      project: 'web',
      subject,
      details: { kind: 'legacy', name: 'robot', ...details },
    });
    expect(events).toEqual([
      event('token.issued', { name: 'bot', owner: 'ada', grant: { digest, actions: ['chat'] } }),
      event('token.edited', { changed: ['name', 'notes'], name: { from: 'bot', to: 'robot' } }),
      event('token.rotated', { overlapEndsAt: '2027-01-01T00:01:00.000Z' }),
      event('token.rotated', { overlapEndsAt: 'first-use' }),
      event('token.revealed', {}),
      event(
        'token.exchanged',
        {
          kind: 'api-key',
          name: 'manager',
          owner: 'ada',
          parent: admin.id,
          grant: { digest, actions: ['*'], models: ['*'], mcp: ['*'], ephemeralMcp: ['*'] },
        },
        exchanged.record.id,
      ),
      event('token.revoked', {}),
    ]);
    for (const secret of [token, rotated.token, exchanged.token, 'canary-notes']) {
      expect(JSON.stringify(events)).not.toContain(secret);
    }
    await auth.revoke(record.id, operator);
    expect(events).toHaveLength(7);
  });

  it('names the token that a derived one came from, and the end of a derived one', async () => {
    const { auth, events } = createManagedAuth();
    const admin = await makePrincipal(auth, FULL_GRANT);
    const caller = attenuate(admin, FULL_GRANT);
    events.length = 0;
    await auth.issue({ name: 'bot', grant: { actions: [] } }, caller);
    await auth.revokeSelf(caller);
    await auth.revokeSelf(caller);
    expect(events).toMatchObject([
      { type: 'token.issued', actor: { id: caller.id, rootId: admin.id }, details: { parent: admin.id } },
      { type: 'token.revoked', subject: caller.id, details: { kind: 'attenuated' } },
    ]);
  });

  it.each<[string, (auth: Auth, admin: Principal, id: string, endedId: string) => Promise<unknown>]>([
    ['issue', (auth, admin) => auth.issue({ name: 'bot', grant: { actions: [] } }, admin)],
    ['edit', (auth, admin, id) => auth.edit(id, { name: 'x' }, admin)],
    ['rotate', (auth, admin, id) => auth.rotate(id, {}, admin)],
    ['exchange', (auth, admin) => auth.exchange({}, admin)],
    ['reveal', (auth, admin, id) => auth.reveal(id, admin)],
    ['remove', (auth, admin, _, endedId) => auth.remove(endedId, admin)],
  ])('that fails lets %s show nothing and change nothing', async (_, act) => {
    let failing = false;
    const audit = async () => {
      if (failing) throw new Error('disk full: /var/lib/audit.db');
    };
    const { auth, operator, inner } = createManagedAuth({ audit });
    const admin = await makePrincipal(auth, FULL_GRANT);
    const { record } = await auth.issue({ name: 'old', grant: { actions: [] }, kind: 'legacy' }, operator);
    const ended = await auth.issue({ name: 'ended', grant: { actions: [] } }, operator);
    await auth.revoke(ended.record.id, operator);
    failing = true;
    const before = await inner.list({});
    await expect(act(auth, admin, record.id, ended.record.id)).rejects.toThrow(code('AUTH_AUDIT_UNAVAILABLE'));
    expect(await inner.list({})).toEqual(before);
  });

  it('says how a grant has grown, however often it says the same', async () => {
    const { auth, operator, events } = createManagedAuth();
    const { record } = await auth.issue({ name: 'bot', grant: { actions: ['chat'] } }, operator);
    const models = Array.from({ length: 400 }, (_, index) => `${'m'.repeat(80)}${index}`);
    const grant = { actions: [...Array.from({ length: 40 }, () => 'chat'), '*'], models: [...models, '*'] };
    await auth.edit(record.id, { grant }, operator);
    const details = events.at(-1)?.details as { grant: { from: object; to: { models: string[]; digest: string } } };
    expect(details.grant.from).toMatchObject({ actions: ['chat'] });
    expect(details.grant.to).toMatchObject({ actions: ['*', 'chat'], digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(details.grant.to.models).toHaveLength(9);
    expect(details.grant.to.models[0]).toBe('*');
    expect(details.grant.to.models.at(-1)).toBe('… 393 more');
  });

  it('follows a revocation that it could not take at once', async () => {
    let failing = true;
    const kept: string[] = [];
    const audit = async ({ type }: { readonly type: string }) => {
      if (failing && type === 'token.revoked') throw new Error('disk full: /var/lib/audit.db');
      kept.push(type);
    };
    const { auth, operator } = createManagedAuth({ audit });
    const { record } = await auth.issue({ name: 'bot', grant: { actions: [] } }, operator);
    expect(await auth.revoke(record.id, operator)).toMatchObject({ stored: true });
    expect(kept).toEqual(['token.issued']);
    failing = false;
    await expect.poll(() => kept).toEqual(['token.issued', 'token.revoked']);
  });
});
