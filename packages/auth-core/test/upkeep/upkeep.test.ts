import { describe, expect, it } from 'vitest';
import {
  type AuditEvent,
  ConflictError,
  createAuth,
  createMemoryTokenStore,
  defineVocabulary,
} from '../../src/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { endUnused, limitTokens, removeEnded } from '../../src/upkeep/index.ts';

const vocabulary = defineVocabulary({ actions: ['invoices:read'] });
const grant = { actions: ['invoices:read'] } as const;
const DAY = 86_400_000;

function setUp() {
  const clock = fixedClock('2027-01-01T00:00:00Z');
  const store = createMemoryTokenStore();
  const events: AuditEvent[] = [];
  const auth = createAuth({
    vocabulary,
    store,
    digestKey: new Uint8Array(32).fill(3),
    clock,
    cacheMilliseconds: 0,
    audit: async (event) => void events.push(event),
  });
  const issue = (input = {}) => auth.issue({ name: 'ci', owner: 'ada', grant, ...input }, auth.operator());
  const at = (days: number) => new Date(clock().getTime() + days * DAY);
  const names = async () => (await auth.list(auth.operator())).map(({ name }) => name).sort();
  return { auth, clock, store, events, issue, at, names };
}

describe('removeEnded', () => {
  it('removes what has expired or was revoked before a time, and nothing else', async () => {
    const { auth, clock, issue, at, names } = setUp();
    await issue({ name: 'expired', expiresAt: at(1).toISOString() });
    const revoked = await issue({ name: 'revoked' });
    await auth.revoke(revoked.record.id, auth.operator());
    await issue({ name: 'expires later', expiresAt: at(200).toISOString() });
    await issue({ name: 'never expires' });
    clock.advance(50 * DAY);
    const lately = await issue({ name: 'revoked lately' });
    await auth.revoke(lately.record.id, auth.operator());
    expect(await removeEnded(auth, { before: at(-30) })).toHaveLength(2);
    expect(await names()).toEqual(['expires later', 'never expires', 'revoked lately']);
    expect(await removeEnded(auth, { before: at(-30) })).toEqual([]);
  });

  it('records each removal, with all that was derived from it', async () => {
    const { auth, clock, events, issue, at, names } = setUp();
    const { token, record } = await issue({ name: 'above' });
    await auth.exchange({ name: 'below', grant }, await auth.verify(token));
    await auth.revoke(record.id, auth.operator());
    clock.advance(DAY);
    await removeEnded(auth, { before: at(0) });
    expect(await names()).toEqual([]);
    expect(events.filter(({ type }) => type === 'token.deleted').map(({ subject }) => subject)).toEqual([record.id]);
  });

  it('goes on when another process has removed one of them, and not when it may not', async () => {
    const { auth, clock, issue, at } = setUp();
    await issue();
    await issue();
    await auth.revokeAll({ owner: 'ada' }, auth.operator());
    clock.advance(DAY);
    let isFirst = true;
    const shared = {
      ...auth,
      async remove(id: string, by: Parameters<typeof auth.remove>[1]) {
        if (isFirst) await auth.remove(id, by);
        isFirst = false;
        return auth.remove(id, by);
      },
    };
    expect(await removeEnded(shared, { before: at(0) })).toHaveLength(1);
    const reader = await issue({ grant: { actions: ['tokens:read'] } });
    const by = await auth.verify(reader.token);
    expect(await removeEnded(auth, { before: at(0), by })).toEqual([]);
    await expect(removeEnded(auth, { before: new Date('x') })).rejects.toThrow(TypeError);
  });

  it('reads more tokens than one page holds', async () => {
    const { auth, clock, issue, at, names } = setUp();
    for (let made = 0; made < 501; made++) await issue({ name: `${made}`, expiresAt: at(1).toISOString() });
    clock.advance(2 * DAY);
    expect(await removeEnded(auth, { before: at(0) })).toHaveLength(501);
    expect(await names()).toEqual([]);
  });
});

describe('endUnused', () => {
  it('revokes tokens that were not used since a time', async () => {
    const { auth, clock, events, issue, at } = setUp();
    const [used, unused, kept] = [await issue(), await issue(), await issue({ name: 'emergency' })];
    clock.advance(60 * DAY);
    await auth.verify(used.token);
    const young = await issue();
    clock.advance(60 * DAY);
    const ended = await endUnused(auth, { since: at(-90), except: ({ name }) => name === 'emergency' });
    expect(ended.map(({ id }) => id)).toEqual([unused.record.id]);
    for (const { token } of [used, young, kept]) expect((await auth.verify(token)).owner).toBe('ada');
    await expect(auth.verify(unused.token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_REVOKED' });
    expect(events.filter(({ type }) => type === 'token.revoked').map(({ subject }) => subject)).toEqual([
      unused.record.id,
    ]);
  });

  it('takes the use of a derived token for a use of those above it, and a rotation for a sign, too', async () => {
    const { auth, clock, issue, at } = setUp();
    const [above, rotated] = [await issue(), await issue()];
    const below = await auth.exchange({ name: 'below', grant }, await auth.verify(above.token));
    clock.advance(100 * DAY);
    await auth.verify(below.token);
    await auth.rotate(rotated.record.id, { overlap: { seconds: 0 } }, auth.operator());
    expect(await endUnused(auth, { since: at(-90) })).toEqual([]);
  });

  it('leaves alone what has ended before, and what is used while it runs', async () => {
    const { auth, clock, issue, at } = setUp();
    const [busy] = [await issue(), await issue({ expiresAt: at(1).toISOString() })];
    const revoked = await issue();
    await auth.revoke(revoked.record.id, auth.operator());
    clock.advance(100 * DAY);
    const racing = {
      ...auth,
      async show(id: string, by: Parameters<typeof auth.show>[1]) {
        await auth.verify(busy.token);
        return auth.show(id, by);
      },
    };
    expect(await endUnused(racing, { since: at(-90) })).toEqual([]);
    await expect(endUnused(auth, { since: new Date('x') })).rejects.toThrow(TypeError);
  });
});

describe('limitTokens', () => {
  it('refuses a token beyond the limit of its owner, until one has ended', async () => {
    const { auth, clock, at } = setUp();
    const limited = limitTokens(auth, { perOwner: 2, clock });
    const issue = (input = {}) => limited.issue({ name: 'ci', owner: 'ada', grant, ...input }, auth.operator());
    const first = await issue();
    await issue({ expiresAt: at(1).toISOString() });
    await expect(issue()).rejects.toThrow(ConflictError);
    expect((await issue({ owner: 'bob' })).record.owner).toBe('bob');
    await auth.revoke(first.record.id, auth.operator());
    await issue();
    await expect(issue()).rejects.toThrow(ConflictError);
    clock.advance(2 * DAY);
    expect((await issue()).record.owner).toBe('ada');
  });

  it('counts what tokens issue, and keys that are exchanged', async () => {
    const { auth, clock } = setUp();
    const limited = limitTokens(auth, { perOwner: 3, clock });
    const team = { actions: ['invoices:read', 'tokens:write'] } as const;
    const { token } = await limited.issue({ name: 'team', owner: 'ada', grant: team }, auth.operator());
    const ada = await limited.verify(token);
    await limited.issue({ name: 'a', grant }, ada);
    await limited.exchange({ name: 'b', grant }, ada);
    await expect(limited.issue({ name: 'c', grant }, ada)).rejects.toThrow(ConflictError);
    await expect(limited.exchange({ name: 'd', grant }, ada)).rejects.toThrow(ConflictError);
  });

  it('gives no caller a token beyond the limit when many are made at once', async () => {
    const { auth, clock } = setUp();
    const limited = limitTokens(auth, { perOwner: 3, clock });
    const made = await Promise.allSettled(
      Array.from({ length: 12 }, () => limited.issue({ name: 'ci', owner: 'ada', grant }, auth.operator())),
    );
    const given = made.filter(({ status }) => status === 'fulfilled');
    expect(given.length).toBeLessThanOrEqual(3);
    const working = (await auth.list(auth.operator())).filter(({ revokedAt }) => revokedAt === undefined);
    expect(working).toHaveLength(given.length);
  });

  it('says nothing of other owners to a caller that may not name them', async () => {
    const { auth, clock, issue } = setUp();
    const limited = limitTokens(auth, { perOwner: 1, clock });
    await issue({ owner: 'bob' });
    const { token } = await issue({ grant: { actions: ['invoices:read', 'tokens:write'] } });
    const ada = await limited.verify(token);
    await expect(limited.issue({ name: 'x', owner: 'bob', grant }, ada)).rejects.toMatchObject({
      code: 'AUTH_GRANT_NOT_COVERED',
    });
  });

  it.each([0, 1.5, Number.NaN, -1])('refuses a limit of %s', (perOwner) => {
    expect(() => limitTokens(setUp().auth, { perOwner })).toThrow(TypeError);
  });
});
