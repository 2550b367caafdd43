import { describe, expect, it } from 'vitest';
import type { AuthSettings, Grant } from '../../src/index.ts';
import { FULL_GRANT } from '../words.ts';
import { code, createManagedAuth, makePrincipal } from './managed-auth.ts';

const GRANT: Grant = { actions: ['chat'] };
const DAY = 86_400_000;
const SECRET = '7rXq-Wm2z-Tb9K-Lc4eQ';

const switchOff = (settings: AuthSettings, kind: string) =>
  Object.assign(settings, { kinds: { ...settings.kinds, [kind]: false } });

describe('issuing a kind', () => {
  it.each(['api-key', 'personal-access', 'legacy'] as const)(
    'makes a token of the kind that is asked for: %s',
    async (kind) => {
      const { auth, operator } = createManagedAuth();
      const { token, record } = await auth.issue({ name: 'bot', kind, grant: GRANT }, operator);
      expect(record.kind).toBe(kind);
      expect(await auth.verify(token)).toMatchObject({ id: record.id, kind });
    },
  );

  it('says which kinds there are when another one is asked for', async () => {
    const { auth, operator, settings } = createManagedAuth();
    switchOff(settings, 'legacy');
    for (const kind of ['legacy', 'access', 'paper'] as const) {
      const attempt = auth.issue({ name: 'bot', kind: kind as 'legacy', grant: GRANT }, operator);
      const message = 'kind must be one of those made here: api-key, custom, personal-access.';
      await expect(attempt).rejects.toThrow(code('AUTH_INPUT_INVALID', { path: 'kind', message }));
    }
  });

  it('says so when no kind is left', async () => {
    const { auth, operator } = createManagedAuth({ formats: [] });
    const attempt = auth.issue({ name: 'bot', grant: GRANT }, operator);
    await expect(attempt).rejects.toThrow(code('AUTH_INPUT_INVALID', { path: 'kind' }));
  });

  it('keeps notes and when to remind of a new secret', async () => {
    const { auth, operator } = createManagedAuth();
    const input = { name: 'bot', grant: GRANT, notes: 'for the nightly run\nask Ada', rotateAfterSeconds: 86_400 };
    const { record } = await auth.issue(input, operator);
    expect(record).toMatchObject({
      notes: input.notes,
      rotateAfterSeconds: 86_400,
      rotateAfter: '2027-01-02T00:00:00.000Z',
    });
  });

  it.each<[string, object]>([
    ['notes', { notes: '' }],
    ['notes', { notes: 'x'.repeat(2001) }],
    ['notes', { notes: 'bell \u0007' }],
    ['notes', { notes: 7 }],
    ['rotateAfterSeconds', { rotateAfterSeconds: 0 }],
    ['rotateAfterSeconds', { rotateAfterSeconds: 1.5 }],
    ['rotateAfterSeconds', { rotateAfterSeconds: 1e12 }],
    ['rotateAfterSeconds', { rotateAfterSeconds: '90' }],
  ])('says where the input is wrong: %s, %j', async (path, input) => {
    const { auth, operator, calls } = createManagedAuth();
    const attempt = auth.issue({ name: 'bot', grant: GRANT, ...input }, operator);
    await expect(attempt).rejects.toThrow(code('AUTH_INPUT_INVALID', { path }));
    expect(calls).toEqual([]);
  });

  it('reminds of a new secret when its time has come, and no longer once the token has ended', async () => {
    const { auth, operator, clock } = createManagedAuth();
    const { record } = await auth.issue({ name: 'bot', grant: GRANT }, operator);
    clock.advance(90 * DAY - 1);
    expect((await auth.show(record.id, operator)).rotationDue).toBe(false);
    clock.advance(1);
    expect((await auth.show(record.id, operator)).rotationDue).toBe(true);
    expect((await auth.revoke(record.id, operator)).token?.rotationDue).toBe(false);
  });
});

describe('a custom key', () => {
  const custom = { name: 'script', kind: 'custom' as const, grant: GRANT };

  it('has the text that its maker chose', async () => {
    const { auth, operator, stored } = createManagedAuth();
    const { token, record } = await auth.issue({ ...custom, secret: SECRET }, operator);
    expect(token).toBe(SECRET);
    expect(JSON.stringify(await stored(record.id))).not.toContain(SECRET);
  });

  it('is verified', async () => {
    const { auth, operator } = createManagedAuth();
    const { record } = await auth.issue({ ...custom, secret: SECRET }, operator);
    expect(await auth.verify(SECRET)).toMatchObject({ id: record.id, kind: 'custom' });
  });

  it('is refused when it is easy to guess, unless it is forced', async () => {
    const { auth, operator, calls } = createManagedAuth();
    const weak = { ...custom, secret: 'lm-studio-key-2026' };
    for (const force of [{}, { force: false }, { force: 'yes' as unknown as boolean }]) {
      const attempt = auth.issue({ ...weak, ...force }, operator);
      const refusal = code('AUTH_INPUT_INVALID', { path: 'secret', message: expect.not.stringContaining('lm-studio') });
      await expect(attempt).rejects.toThrow(refusal);
    }
    expect(calls).toEqual([]);
    expect((await auth.issue({ ...weak, force: true }, operator)).token).toBe('lm-studio-key-2026');
  });

  it('needs a text, and no other kind takes one', async () => {
    const { auth, operator } = createManagedAuth();
    const evidence = { path: 'secret' };
    await expect(auth.issue(custom, operator)).rejects.toThrow(code('AUTH_INPUT_INVALID', evidence));
    const attempt = auth.issue({ name: 'bot', grant: GRANT, secret: SECRET }, operator);
    await expect(attempt).rejects.toThrow(code('AUTH_INPUT_INVALID', evidence));
  });

  it('is refused when it is there already, at once and without saying whose it is', async () => {
    const { auth, operator, calls } = createManagedAuth();
    await auth.issue({ ...custom, secret: SECRET }, operator);
    const before = calls.length;
    const message = 'There is a key with this text already. Choose another one.';
    await expect(auth.issue({ ...custom, secret: SECRET }, operator)).rejects.toThrow(
      code('AUTH_CONFLICT', { message }),
    );
    expect(calls.slice(before)).toEqual(['insert']);
  });
});

describe('a personal access token', () => {
  const personal = { name: 'ada', kind: 'personal-access' as const, grant: GRANT };

  it('ends when the installation says, if nobody says otherwise', async () => {
    const { auth, operator, settings } = createManagedAuth();
    expect((await auth.issue(personal, operator)).record.expiresAt).toBe('2027-04-01T00:00:00.000Z');
    Object.assign(settings, { personalAccessTokenSeconds: 86_400 });
    expect((await auth.issue(personal, operator)).record.expiresAt).toBe('2027-01-02T00:00:00.000Z');
    const { record } = await auth.issue({ ...personal, expiresAt: '2027-06-01T00:00:00Z' }, operator);
    expect(record.expiresAt).toBe('2027-06-01T00:00:00.000Z');
  });

  it('ends with the token that makes it, if that is earlier', async () => {
    const { auth } = createManagedAuth();
    const admin = await makePrincipal(auth, FULL_GRANT, { expiresAt: '2027-02-01T00:00:00Z' });
    expect((await auth.issue(personal, admin)).record.expiresAt).toBe('2027-02-01T00:00:00.000Z');
  });

  it('never lives longer than a year', async () => {
    const { auth, operator, settings } = createManagedAuth();
    const attempt = auth.issue({ ...personal, expiresAt: '2028-01-02T00:00:01Z' }, operator);
    const message = 'expiresAt must lie within 366 days: no personal access token lives longer.';
    await expect(attempt).rejects.toThrow(code('AUTH_INPUT_INVALID', { path: 'expiresAt', message }));
    await auth.issue({ ...personal, expiresAt: '2028-01-02T00:00:00Z' }, operator);
    Object.assign(settings, { personalAccessTokenSeconds: 1e9 });
    expect((await auth.issue(personal, operator)).record.expiresAt).toBe('2028-01-02T00:00:00.000Z');
  });

  it('shows what of it may be shown again', async () => {
    const { auth, operator } = createManagedAuth();
    const { record } = await auth.issue(personal, operator);
    expect((await auth.show(record.id, operator)).stub).toBe(`stub of ${record.id}`);
  });

  it('can be made to end earlier, and not later', async () => {
    const { auth, operator } = createManagedAuth();
    const { record } = await auth.issue(personal, operator);
    for (const expiresAt of ['2027-05-01T00:00:00Z', null]) {
      const attempt = auth.edit(record.id, { expiresAt }, operator);
      await expect(attempt).rejects.toThrow(code('AUTH_INPUT_INVALID', { path: 'expiresAt' }));
    }
    const edited = await auth.edit(record.id, { expiresAt: '2027-02-01T00:00:00Z' }, operator);
    expect(edited.expiresAt).toBe('2027-02-01T00:00:00.000Z');
  });
});

describe('a legacy token', () => {
  const legacy = { name: 'old', kind: 'legacy' as const, grant: GRANT };

  it('never ends, whether it is made or edited', async () => {
    const { auth, operator } = createManagedAuth();
    const evidence = { path: 'expiresAt' };
    const attempt = auth.issue({ ...legacy, expiresAt: '2027-06-01T00:00:00Z' }, operator);
    await expect(attempt).rejects.toThrow(code('AUTH_INPUT_INVALID', evidence));
    const { record } = await auth.issue(legacy, operator);
    expect(record.expiresAt).toBeUndefined();
    const change = auth.edit(record.id, { expiresAt: '2027-06-01T00:00:00Z' }, operator);
    await expect(change).rejects.toThrow(code('AUTH_INPUT_INVALID', evidence));
    expect((await auth.edit(record.id, { expiresAt: null }, operator)).expiresAt).toBeUndefined();
  });

  it('is not made by a token that ends', async () => {
    const { auth } = createManagedAuth();
    const admin = await makePrincipal(auth, FULL_GRANT, { expiresAt: '2027-06-01T00:00:00Z' });
    await expect(auth.issue(legacy, admin)).rejects.toThrow(code('AUTH_GRANT_NOT_COVERED'));
  });

  it('stays visible to its owner, and to nobody else', async () => {
    const { auth, operator, stored } = createManagedAuth();
    const { token, record } = await auth.issue({ ...legacy, owner: 'ada' }, operator);
    const ada = await makePrincipal(auth, FULL_GRANT, { owner: 'ada' });
    expect(await auth.reveal(record.id, ada)).toBe(token);
    await expect(auth.reveal(record.id, operator)).rejects.toThrow(code('AUTH_PERMISSION_DENIED'));
    const own = await auth.verify(token);
    expect(await auth.reveal(own.id, own)).toBe(token);
    expect(JSON.stringify(await stored(record.id))).not.toContain(token);
    expect(JSON.stringify(await auth.list(operator))).not.toContain((await stored(record.id)).sealed);
  });

  it('shows none that never ends to who will end', async () => {
    const { auth, operator } = createManagedAuth();
    const { record } = await auth.issue({ name: 'old', kind: 'legacy', grant: { actions: ['chat'] } }, operator);
    const ending = await makePrincipal(auth, FULL_GRANT, { expiresAt: '2027-06-01T00:00:00Z' });
    await expect(auth.reveal(record.id, ending)).rejects.toThrow(code('AUTH_GRANT_NOT_COVERED'));
  });

  it('is not shown to its owner by a token that could not have made it', async () => {
    const { auth, operator } = createManagedAuth();
    const { record } = await auth.issue({ ...legacy, owner: 'ada' }, operator);
    const narrow = await makePrincipal(auth, { actions: ['tokens:read'] }, { owner: 'ada' });
    await expect(auth.reveal(record.id, narrow)).rejects.toThrow(code('AUTH_TOKEN_NOT_FOUND'));
    const blind = await makePrincipal(auth, GRANT, { owner: 'ada' });
    await expect(auth.reveal(record.id, blind)).rejects.toThrow(code('AUTH_PERMISSION_DENIED'));
  });

  it('is told apart from tokens that are shown once', async () => {
    const { auth, operator } = createManagedAuth();
    const { record } = await auth.issue({ name: 'bot', grant: GRANT }, operator);
    await expect(auth.reveal(record.id, operator)).rejects.toThrow(code('AUTH_INPUT_INVALID', { path: 'kind' }));
  });

  it('is not shown when it cannot be opened', async () => {
    const { auth, operator, inner, stored } = createManagedAuth();
    const first = await auth.issue({ ...legacy, name: 'first' }, operator);
    const second = await auth.issue({ ...legacy, name: 'second' }, operator);
    const foreign = (await stored(first.record.id)).sealed ?? '';
    const record = await stored(second.record.id);
    await inner.update({ ...record, sealed: foreign, version: 2 }, 1);
    await expect(auth.reveal(record.id, operator)).rejects.toThrow(code('AUTH_STORE_UNAVAILABLE'));
  });
});
