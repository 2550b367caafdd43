import { describe, expect, it } from 'vitest';
import type { Grant, RotateInput } from '../../src/index.ts';
import { FULL_GRANT } from '../words.ts';
import { code, createManagedAuth, makePrincipal } from './managed-auth.ts';

const MANAGER: Grant = { actions: ['chat', 'tokens:read', 'tokens:write'], models: ['ibm/*'] };
const INPUT = { name: 'bot', grant: { actions: ['chat'] } as Grant };

describe('rotate', () => {
  it('gives a token a new secret under the same id', async () => {
    const { auth, operator, clock, stored } = createManagedAuth();
    const { token, record } = await auth.issue(
      { ...INPUT, notes: 'mine', expiresAt: '2027-06-01T00:00:00Z' },
      operator,
    );
    const { digest } = await stored(record.id);
    clock.advance(1000);
    const rotated = await auth.rotate(record.id, {}, operator);
    expect(rotated.token).not.toBe(token);
    const rotatedAt = clock().toISOString();
    expect(rotated.record).toEqual({ ...record, rotatedAt, rotateAfter: '2027-04-01T00:00:01.000Z', version: 2 });
    expect(await auth.show(record.id, operator)).toEqual(rotated.record);
    expect(await auth.verify(rotated.token)).toMatchObject({ id: record.id, name: 'bot' });
    expect(await stored(record.id)).toMatchObject({ previous: { digest, endsAt: rotatedAt } });
  });

  it('ends the secret before at once, also where it was just used', async () => {
    const { auth, operator } = createManagedAuth();
    const { token, record } = await auth.issue(INPUT, operator);
    await auth.verify(token);
    await auth.rotate(record.id, {}, operator);
    await expect(auth.verify(token)).rejects.toThrow(code('AUTH_TOKEN_ROTATED'));
  });

  it('lets the secret before count for a while, and says until when', async () => {
    const { auth, operator, clock, stored } = createManagedAuth();
    const { record } = await auth.issue(INPUT, operator);
    const { digest, attenuationKey } = await stored(record.id);
    const rotated = await auth.rotate(record.id, { overlap: { seconds: 3600 } }, operator);
    expect(rotated.record.overlapEndsAt).toBe('2027-01-01T01:00:00.000Z');
    expect((await stored(record.id)).previous).toEqual({ digest, attenuationKey, endsAt: '2027-01-01T01:00:00.000Z' });
    clock.advance(3_600_000);
    expect((await auth.show(record.id, operator)).overlapEndsAt).toBeUndefined();
  });

  it('lets the secret before count until the new one is used', async () => {
    const { auth, operator, stored } = createManagedAuth();
    const { record } = await auth.issue(INPUT, operator);
    const { digest, attenuationKey } = await stored(record.id);
    const rotated = await auth.rotate(record.id, { overlap: 'until-first-use' }, operator);
    expect(rotated.record.overlapEndsAt).toBe('first-use');
    expect((await stored(record.id)).previous).toEqual({ digest, attenuationKey });
  });

  it('keeps the older secret no longer than was asked for, when it rotates during an overlap', async () => {
    const { auth, operator, stored } = createManagedAuth();
    const { token, record } = await auth.issue(INPUT, operator);
    await auth.rotate(record.id, { overlap: { seconds: 3600 } }, operator);
    const { digest } = await stored(record.id);
    await auth.rotate(record.id, { overlap: { seconds: 60 } }, operator);
    expect((await stored(record.id)).previous).toMatchObject({
      digest,
      endsAt: '2027-01-01T00:01:00.000Z',
      previous: { endsAt: '2027-01-01T00:01:00.000Z' },
    });
    await auth.rotate(record.id, {}, operator);
    expect((await stored(record.id)).previous).not.toHaveProperty('previous');
    await expect(auth.verify(token)).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
  });

  it('takes another key to derive from with each secret', async () => {
    const { auth, operator, stored } = createManagedAuth();
    const { record } = await auth.issue(INPUT, operator);
    const { attenuationKey } = await stored(record.id);
    await auth.rotate(record.id, {}, operator);
    const after = await stored(record.id);
    expect(after.attenuationKey).not.toBe(attenuationKey);
    expect(after.previous).not.toHaveProperty('attenuationKey');
  });

  it.each([-1, 1.5, 30 * 86_400 + 1, Number.NaN, '1h' as unknown as number])(
    'says how long an overlap may be: %j',
    async (seconds) => {
      const { auth, operator } = createManagedAuth();
      const { record } = await auth.issue(INPUT, operator);
      const attempt = auth.rotate(record.id, { overlap: { seconds } }, operator);
      await expect(attempt).rejects.toThrow(code('AUTH_INPUT_INVALID', { path: 'overlap' }));
    },
  );

  it.each(['forever', null, {}])('says what an overlap is: %j', async (overlap) => {
    const { auth, operator } = createManagedAuth();
    const { record } = await auth.issue(INPUT, operator);
    const attempt = auth.rotate(record.id, { overlap } as RotateInput, operator);
    await expect(attempt).rejects.toThrow(code('AUTH_INPUT_INVALID', { path: 'overlap' }));
  });

  it('needs the action tokens:write for any token but oneself', async () => {
    const { auth } = createManagedAuth();
    const caller = await makePrincipal(auth, { actions: ['chat'] });
    const { id } = await makePrincipal(auth, { actions: ['chat'] });
    await expect(auth.rotate(id, {}, caller)).rejects.toThrow(code('AUTH_PERMISSION_DENIED'));
    expect((await auth.rotate(caller.id, {}, caller)).record.id).toBe(caller.id);
  });

  it('lets a token rotate itself', async () => {
    const { auth } = createManagedAuth();
    const manager = await makePrincipal(auth, MANAGER, { expiresAt: '2027-06-01T00:00:00Z', project: 'web' });
    const { token, record } = await auth.rotate(manager.id, {}, manager);
    expect(record.expiresAt).toBe('2027-06-01T00:00:00.000Z');
    expect(await auth.verify(token)).toMatchObject({ id: manager.id });
  });

  it('moves the end where it is asked to, though not beyond that of who asks', async () => {
    const { auth, operator } = createManagedAuth();
    const manager = await makePrincipal(auth, MANAGER, { expiresAt: '2027-06-01T00:00:00Z' });
    const attempt = auth.rotate(manager.id, { expiresAt: '2027-06-02T00:00:00Z' }, manager);
    await expect(attempt).rejects.toThrow(code('AUTH_GRANT_NOT_COVERED'));
    const { record } = await auth.rotate(manager.id, { expiresAt: '2027-06-02T00:00:00Z' }, operator);
    expect(record.expiresAt).toBe('2027-06-02T00:00:00.000Z');
  });

  it('gives a personal access token a new life, though none beyond that of who asks', async () => {
    const { auth, operator, clock } = createManagedAuth();
    const { token, record } = await auth.issue({ name: 'ada', kind: 'personal-access', grant: MANAGER }, operator);
    const ada = await auth.verify(token);
    clock.advance(86_400_000);
    expect((await auth.rotate(record.id, {}, ada)).record.expiresAt).toBe('2027-04-01T00:00:00.000Z');
    const rotated = await auth.rotate(record.id, {}, operator);
    expect(rotated.record.expiresAt).toBe('2027-04-02T00:00:00.000Z');
    expect(rotated.token).toContain('until 2027-04-02');
  });

  it('seals the new text of a token that stays visible', async () => {
    const { auth, operator } = createManagedAuth();
    const { record } = await auth.issue({ name: 'old', kind: 'legacy', grant: { actions: [] } }, operator);
    const { token } = await auth.rotate(record.id, {}, operator);
    expect(await auth.reveal(record.id, operator)).toBe(token);
  });

  it('cannot choose the text of a custom key', async () => {
    const { auth, operator } = createManagedAuth();
    const custom = {
      name: 'script',
      kind: 'custom' as const,
      grant: { actions: [] },
      secret: '7rXq-Wm2z-Tb9K-Lc4eQ',
    };
    const { record } = await auth.issue(custom, operator);
    await expect(auth.rotate(record.id, {}, operator)).rejects.toThrow(code('AUTH_INPUT_INVALID', { path: 'kind' }));
  });

  it('makes no secret of a kind that is switched off', async () => {
    const { auth, operator, settings } = createManagedAuth();
    const { record } = await auth.issue(INPUT, operator);
    Object.assign(settings, { kinds: { ...settings.kinds, 'api-key': false } });
    await expect(auth.rotate(record.id, {}, operator)).rejects.toThrow(code('AUTH_INPUT_INVALID', { path: 'kind' }));
  });

  it('says why a token that has ended gets no new secret', async () => {
    const { auth, operator, clock } = createManagedAuth();
    const revoked = await auth.issue(INPUT, operator);
    await auth.revoke(revoked.record.id, operator);
    const expired = await auth.issue({ ...INPUT, expiresAt: '2027-01-01T00:00:01Z' }, operator);
    clock.advance(1000);
    for (const [{ record }, message] of [
      [revoked, 'The token was revoked, and gets no new secret. Issue another one.'],
      [expired, 'The token has expired, and gets no new secret. Issue another one.'],
    ] as const) {
      await expect(auth.rotate(record.id, {}, operator)).rejects.toThrow(code('AUTH_CONFLICT', { message }));
    }
  });

  it('lets one of two rotations at once succeed', async () => {
    const { auth, operator } = createManagedAuth();
    const { record } = await auth.issue(INPUT, operator);
    const both = await Promise.allSettled([auth.rotate(record.id, {}, operator), auth.rotate(record.id, {}, operator)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'AUTH_CONFLICT' } });
  });
});

describe('rotate hands out no token that its caller could not have made', () => {
  it('that may do more', async () => {
    const { auth, operator } = createManagedAuth();
    const manager = await makePrincipal(auth, MANAGER);
    const wide = await auth.issue({ name: 'wide', grant: FULL_GRANT }, operator);
    await expect(auth.rotate(wide.record.id, {}, manager)).rejects.toThrow(code('AUTH_TOKEN_NOT_FOUND'));
  });

  it('that lasts longer', async () => {
    const { auth, operator } = createManagedAuth();
    const manager = await makePrincipal(auth, MANAGER, { owner: 'ada', expiresAt: '2027-06-01T00:00:00Z' });
    const forever = await auth.issue({ ...INPUT, owner: 'ada' }, operator);
    await expect(auth.rotate(forever.record.id, {}, manager)).rejects.toThrow(code('AUTH_GRANT_NOT_COVERED'));
    const shorter = await auth.issue({ ...INPUT, owner: 'ada', expiresAt: '2027-06-01T00:00:00Z' }, operator);
    await auth.rotate(shorter.record.id, {}, manager);
  });

  it('that lasts longer, not even its own by a secret that is about to end', async () => {
    const { auth, operator } = createManagedAuth();
    for (const kind of ['api-key', 'legacy'] as const) {
      const { token, record } = await auth.issue({ name: 'manager', kind, grant: MANAGER }, operator);
      await auth.rotate(record.id, { overlap: { seconds: 60 } }, operator);
      const former = await auth.verify(token);
      await expect(auth.rotate(record.id, {}, former)).rejects.toThrow(code('AUTH_GRANT_NOT_COVERED'));
      const reveal = auth.reveal(record.id, former);
      await expect(reveal).rejects.toThrow(code(kind === 'legacy' ? 'AUTH_GRANT_NOT_COVERED' : 'AUTH_INPUT_INVALID'));
    }
  });

  it('by showing it to the secret that it replaces', async () => {
    const { auth, operator } = createManagedAuth();
    const { token, record } = await auth.issue({ name: 'old', kind: 'legacy', grant: MANAGER }, operator);
    const { token: renewed } = await auth.rotate(record.id, { overlap: 'until-first-use' }, operator);
    await expect(auth.reveal(record.id, await auth.verify(token))).rejects.toThrow(code('AUTH_GRANT_NOT_COVERED'));
    expect(await auth.reveal(record.id, operator)).toBe(renewed);
    expect(await auth.reveal(record.id, await auth.verify(renewed))).toBe(renewed);
  });

  it('of another owner, unless it has every action', async () => {
    const { auth, operator } = createManagedAuth();
    const manager = await makePrincipal(auth, MANAGER, { owner: 'ada' });
    const foreign = await auth.issue({ ...INPUT, owner: 'grace' }, operator);
    await expect(auth.rotate(foreign.record.id, {}, manager)).rejects.toThrow(code('AUTH_GRANT_NOT_COVERED'));
    const admin = await makePrincipal(auth, FULL_GRANT, { owner: 'ada' });
    await auth.rotate(foreign.record.id, {}, admin);
  });

  it('of another project, nor of none', async () => {
    const { auth, operator } = createManagedAuth();
    const manager = await makePrincipal(auth, MANAGER, { owner: 'ada', project: 'web' });
    for (const project of ['shop', undefined]) {
      const { record } = await auth.issue({ ...INPUT, owner: 'ada', ...(project && { project }) }, operator);
      await expect(auth.rotate(record.id, {}, manager)).rejects.toThrow(code('AUTH_TOKEN_NOT_FOUND'));
    }
    const { record } = await auth.issue({ ...INPUT, owner: 'ada', project: 'web' }, operator);
    await auth.rotate(record.id, {}, manager);
  });
});
