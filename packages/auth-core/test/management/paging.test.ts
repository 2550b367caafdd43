import { describe, expect, it } from 'vitest';
import { placeOf, type TokenInfo } from '../../src/index.ts';
import { FULL_GRANT } from '../words.ts';
import { code, createManagedAuth, makePrincipal } from './managed-auth.ts';

const CHAT = { actions: ['chat'] } as const;

async function setUp() {
  const managed = createManagedAuth();
  const { auth, operator, clock } = managed;
  const by = await makePrincipal(auth, { actions: ['chat', 'tokens:read', 'tokens:write'] });
  for (const name of ['a', 'b', 'c', 'd']) {
    clock.advance(1);
    await auth.issue({ name, grant: CHAT }, operator);
  }
  const page = await auth.list(by, { limit: 3 });
  const last = page.at(-1) as TokenInfo;
  const rest = (after: TokenInfo | string) => auth.list(by, { after }).then((found) => found.map(({ name }) => name));
  return { ...managed, by, last, rest };
}

describe('a list in pages', () => {
  it.each<[string, (world: Awaited<ReturnType<typeof setUp>>) => Promise<unknown>]>([
    ['is widened', ({ auth, operator, last }) => auth.edit(last.id, { grant: FULL_GRANT }, operator)],
    ['is revoked', ({ auth, operator, last }) => auth.revoke(last.id, operator)],
    [
      'is deleted',
      async ({ auth, operator, last }) => {
        await auth.revoke(last.id, operator);
        await auth.remove(last.id, operator);
      },
    ],
    ['gets a new secret', ({ auth, operator, last }) => auth.rotate(last.id, {}, operator)],
  ])('goes on when the last token of a page %s', async (_, change) => {
    const world = await setUp();
    await change(world);
    const { last, rest } = world;
    const expected = await rest(last);
    expect(expected).toEqual(['c', 'd']);
    expect(await rest(placeOf(last))).toEqual(expected);
  });

  it('leaves nothing out when earlier tokens come and go', async () => {
    const { auth, operator, last, rest } = await setUp();
    for (const { id } of await auth.list(operator, { limit: 2 })) {
      await auth.revoke(id, operator);
      await auth.remove(id, operator);
    }
    await expect(rest(last)).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
    expect((await auth.list(operator, { after: last })).map(({ name }) => name)).toEqual(['c', 'd']);
  });

  it('shows nothing of other tokens, whatever place it is asked to go on from', async () => {
    const { auth, operator, by, clock } = await setUp();
    clock.advance(1);
    const { record } = await auth.issue({ name: 'wide', grant: FULL_GRANT }, operator);
    expect(await auth.list(by, { after: record })).toEqual([]);
    expect(
      (await auth.list(by, { after: { createdAt: '2000-01-01T00:00:00Z', id: 'x' } })).map(({ name }) => name),
    ).not.toContain('wide');
  });

  it.each([
    '',
    'nobody',
    '2027-01-01T00:00:00Z/',
    '2027-01-01T00:00:00Z/a\u0000b',
    'yesterday/abc',
    { createdAt: 'x', id: 'y' },
  ])('refuses what is no place: %j', async (after) => {
    const { auth, by } = await setUp();
    await expect(auth.list(by, { after } as never)).rejects.toThrow(code('AUTH_INPUT_INVALID', { path: 'after' }));
  });
});
