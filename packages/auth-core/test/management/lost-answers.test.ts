import { describe, expect, it } from 'vitest';
import { type AuditEvent, type Auth, createAuth, createMemoryTokenStore, type TokenStore } from '../../src/index.ts';
import { fixedClock } from '../../src/testing/index.ts';

const [OLD, NEW] = [1, 2].map((fill) => new Uint8Array(32).fill(fill)) as [Uint8Array, Uint8Array];
const GRANT = { actions: ['usage:read'] } as const;

/** What happens in place of an update, before its answer is lost. */
type During = (update: () => Promise<boolean>) => Promise<unknown>;

/** A token, and an `Auth` whose next update loses its answer; what another process does meanwhile comes before that. */
async function setUp() {
  const store = createMemoryTokenStore();
  const clock = fixedClock();
  const other = createAuth({ store, digestKey: [NEW, OLD], clock, cacheMilliseconds: 0 });
  const events: AuditEvent[] = [];
  let lose: During | undefined;
  const update: TokenStore['update'] = async (...change) => {
    const losing = lose;
    lose = undefined;
    if (losing === undefined) return store.update(...change);
    await losing(() => store.update(...change));
    throw new Error('the line is broken');
  };
  const audit = async (event: AuditEvent) => void events.push(event);
  const auth = createAuth({ store: { ...store, update }, digestKey: [OLD, NEW], clock, audit });
  const { token, record } = await auth.issue({ name: 'bot', grant: GRANT }, auth.operator());
  events.length = 0;
  return {
    store,
    other,
    auth,
    token,
    id: record.id,
    events,
    loseNext(during: During) {
      events.length = 0;
      lose = during;
    },
  };
}

const told = (events: readonly AuditEvent[]) => events.map(({ type, details }) => [type, details?.made]);

describe('an edit whose answer is lost', () => {
  it.each<[string, (token: string, auth: Auth, id: string) => Promise<string>]>([
    ['is used, and stored again under another key', async (token) => token],
    [
      'is used with its new secret, which ends the former one',
      async (_, auth, id) => (await auth.rotate(id, { overlap: 'until-first-use' }, auth.operator())).token,
    ],
  ])('was made, although the token %s at once', async (_, prepare) => {
    const { auth, other, token, id, events, store, loseNext } = await setUp();
    const used = await prepare(token, auth, id);
    loseNext(async (update) => {
      await update();
      await other.verify(used);
    });
    expect(await auth.edit(id, { name: 'renamed' }, auth.operator())).toMatchObject({ name: 'renamed' });
    expect((await store.find(id))?.name).toBe('renamed');
    expect(told(events)).toEqual([['token.edited', undefined]]);
  });

  it.each([false, true])('was not made, when others have changed the token; rotated before: %j', async (isRotated) => {
    const { auth, other, id, events, store, loseNext } = await setUp();
    if (isRotated) await auth.rotate(id, {}, auth.operator());
    loseNext(async () => {
      for (const name of ['one', 'two']) await other.edit(id, { name }, other.operator());
    });
    const edited = auth.edit(id, { name: 'mine' }, auth.operator());
    await expect(edited).rejects.toMatchObject({ code: 'AUTH_STORE_UNAVAILABLE' });
    expect((await store.find(id))?.name).toBe('two');
    expect(told(events)).toEqual([
      ['token.edited', undefined],
      ['token.edited', false],
    ]);
  });
});
