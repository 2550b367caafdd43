import { describe, expect, it } from 'vitest';
import { createAuth, createMemoryTokenStore, createSealer } from '../../src/index.ts';
import { createAccessTokens, createMemorySigningKeyStore, createSigningKeys } from '../../src/jwt/index.ts';

const digestKey = crypto.getRandomValues(new Uint8Array(32));
const auth = createAuth({ store: createMemoryTokenStore(), digestKey });
const keys = createSigningKeys({ store: createMemorySigningKeyStore(), sealer: createSealer(digestKey) });
const accessTokens = createAccessTokens({ keys, issuer: 'https://here.example' });
const operator = auth.operator();
const grant = { actions: ['usage:read'] } as const;
const { token, record } = await auth.issue({ name: 'bot', grant }, operator);
const bot = await auth.verify(token);

/** The acts, each with one option beside what it needs. JSON from outside has no types. */
const ACTS: Readonly<Record<string, (option: Record<string, unknown>) => Promise<unknown>>> = {
  issue: (option) => auth.issue({ name: 'bot', grant, ...option } as never, operator),
  edit: (option) => auth.edit(record.id, option as never, operator),
  exchange: (option) => auth.exchange(option as never, bot),
  rotate: (option) => auth.rotate(record.id, option as never, operator),
  revokeAll: (option) => auth.revokeAll({ owner: 'ada', ...option } as never, operator),
  'make an access token': (option) => accessTokens.issue(bot, option as never),
};

const LABELS = ['', ' x', 'x\ny', 'x'.repeat(101), 7, {}];
const TIMES = ['tomorrow', '2020-01-01T00:00:00Z', '2099-13-01T00:00:00Z', 7, {}];
const SECONDS = [0, -1, 1.5, '60', Number.NaN];

/** What each act refuses for each of its options; null is a value of some. */
const WRONG: readonly (readonly [act: string, option: string, values: readonly unknown[]])[] = [
  ['issue', 'name', [...LABELS, null, undefined]],
  ['issue', 'owner', [...LABELS, null]],
  ['issue', 'project', LABELS],
  ['issue', 'kind', ['', 'access', 'root', 7, null]],
  ['issue', 'expiresAt', TIMES],
  ['issue', 'notes', ['', 'x'.repeat(2001), '\u0007', 7, null]],
  ['issue', 'rotateAfterSeconds', [...SECONDS, null]],
  ['issue', 'secret', ['x', 7]],
  ['edit', 'name', [...LABELS, null]],
  ['edit', 'expiresAt', TIMES],
  ['edit', 'notes', ['', 'x'.repeat(2001), '\u0007', 7]],
  ['edit', 'rotateAfterSeconds', SECONDS],
  ['exchange', 'name', [...LABELS, null]],
  ['exchange', 'expiresAt', TIMES],
  ['rotate', 'overlap', [{ seconds: -1 }, { seconds: 1e9 }, {}, 'always', null]],
  ['rotate', 'expiresAt', TIMES],
  ['make an access token', 'seconds', SECONDS],
  ['make an access token', 'audience', ['', ' ', []]],
  ['make an access token', 'project', LABELS],
];

describe('an option that is not what it must be', () => {
  it.each(WRONG)('has an error of its own, which names it: %s, %s', async (act, option, values) => {
    for (const value of values) {
      const attempt = ACTS[act]?.({ [option]: value });
      const title = `${option}: ${JSON.stringify(value)}`;
      await expect(attempt, title).rejects.toMatchObject({ code: 'AUTH_INPUT_INVALID', path: option });
    }
  });

  it.each(['issue', 'edit', 'exchange', 'make an access token'])('is told from a grant: %s', async (act) => {
    for (const wrong of [{ actions: 'all' }, { actions: ['fly'] }, { action: [] }, 7, null]) {
      const attempt = ACTS[act]?.({ grant: wrong });
      await expect(attempt, JSON.stringify(wrong)).rejects.toMatchObject({
        code: 'AUTH_GRANT_INVALID',
        path: expect.stringMatching(/^grant/),
      });
    }
  });

  it.each(Object.keys(ACTS))('is refused when there is no such option: %s', async (act) => {
    for (const option of ['expires', 'Name', 'grants', '__proto__x']) {
      const attempt = ACTS[act]?.({ [option]: 'x' });
      await expect(attempt, option).rejects.toMatchObject({ code: 'AUTH_INPUT_INVALID', path: option });
    }
  });
});
