import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AuthOptions,
  attenuateToken,
  createApiKeyFormat,
  createAttenuatedFormat,
  createAuth,
  createCustomKeyFormat,
  createLegacyFormat,
  type Grant,
  InvalidInputError,
  type IssueInput,
  inspectToken,
} from '../../src/index.ts';
import { createPersonalAccessTokenFormat } from '../../src/jwt/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { attenuationKeyOf, nextAttenuationKey } from '../../src/token/attenuation-key.ts';
import { fromBase64url, toBase64url } from '../../src/token/base64url.ts';
import { createCountingStore } from '../counting-store.ts';
import { llm } from '../words.ts';

const digestKey = new Uint8Array(32).fill(1);
const GRANT: Grant = { actions: ['chat', 'embeddings'], models: ['*'] };
const CHAT: Grant = { actions: ['chat'], models: ['ibm/*'] };
const CUSTOM_KEY = 'kT7-wQ2/zN9_bR4+mV6p';
const formats = [
  createApiKeyFormat(llm),
  createCustomKeyFormat(llm),
  createPersonalAccessTokenFormat({ key: digestKey }),
  createLegacyFormat(),
  createAttenuatedFormat(llm),
];

async function setUp(input: Partial<IssueInput> = {}, options: Partial<AuthOptions> = {}) {
  const counting = createCountingStore();
  const clock = fixedClock();
  const auth = createAuth({ vocabulary: llm, store: counting.store, digestKey, clock, formats, ...options });
  const { token, record } = await auth.issue({ name: 'ci-bot', grant: GRANT, ...input }, auth.operator());
  counting.calls.length = 0;
  return { ...counting, clock, auth, token, record };
}

const code = (expected: string) => expect.objectContaining({ code: expected });
const encode = (text: string) => toBase64url(new TextEncoder().encode(text));

describe('attenuation', () => {
  it.each([
    ['an API key', {}],
    ['a legacy token', { kind: 'legacy' as const }],
    ['a personal access token', { kind: 'personal-access' as const }],
    ['a custom key', { kind: 'custom' as const, secret: CUSTOM_KEY }],
  ])('of %s is verified by a server that has never seen it', async (_, input) => {
    const { auth, token, record, calls } = await setUp(input);
    const narrower = await attenuateToken(llm, token, CHAT);
    const id = expect.stringMatching(new RegExp(`^${record.id}\\.[0-9a-f]{32}$`));
    expect(await auth.verify(narrower)).toMatchObject({
      id,
      kind: 'attenuated',
      name: 'ci-bot',
      rootId: record.id,
      tokenId: record.id,
      chain: [record.id, id],
      authority: [
        { source: 'server policy', id: 'policy' },
        { grant: GRANT, source: 'token ci-bot', id: record.id },
        { grant: CHAT, source: `caveat #1 of token ${record.id}`, id },
      ],
    });
    // The token itself, and whether what was derived from it was ended.
    expect(calls).toEqual(['find', 'find']);
  });

  it('can be repeated, each time with an id of its own', async () => {
    const { auth, token, record } = await setUp();
    const first = await attenuateToken(llm, token, GRANT);
    const second = await attenuateToken(llm, first, CHAT);
    const principal = await auth.verify(second);
    expect(principal.authority.map(({ source }) => source)).toEqual([
      'server policy',
      'token ci-bot',
      `caveat #1 of token ${record.id}`,
      `caveat #2 of token ${record.id}`,
    ]);
    expect(principal.chain).toEqual([...(await auth.verify(first)).chain, principal.id]);
    expect(new Set(principal.chain).size).toBe(3);
  });

  it('is the same each time, so that its limits are counted in one place', async () => {
    const { auth, token } = await setUp();
    const narrower = await attenuateToken(llm, token, { models: ['ibm/*'], actions: ['chat'] });
    expect(await attenuateToken(llm, token, CHAT)).toBe(narrower);
    expect((await auth.verify(narrower)).id).toBe((await auth.verify(await attenuateToken(llm, token, CHAT))).id);
  });

  it('ends with the earliest end of its caveats, for good', async () => {
    const { auth, token, clock } = await setUp();
    const expiresAt = new Date(clock().getTime() + 1000).toISOString();
    const later = new Date(clock().getTime() + 2000).toISOString();
    const narrower = await attenuateToken(llm, await attenuateToken(llm, token, { ...CHAT, expiresAt }), {
      ...CHAT,
      expiresAt: later,
    });
    expect(await auth.verify(narrower)).toMatchObject({ expiresAt });
    clock.advance(1000);
    await expect(auth.verify(narrower)).rejects.toThrow(code('AUTH_TOKEN_EXPIRED'));
  });

  it('ends with the token that it was made from', async () => {
    const { auth, token, record } = await setUp();
    const narrower = await attenuateToken(llm, token, CHAT);
    await auth.verify(narrower);
    await auth.revoke(record.id, auth.operator());
    await expect(auth.verify(narrower)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
  });

  it('ends by itself, with what was made from it, and leaves the rest alone', async () => {
    const { auth, token } = await setUp();
    const first = await attenuateToken(llm, token, GRANT);
    const second = await attenuateToken(llm, first, CHAT);
    const other = await attenuateToken(llm, token, CHAT);
    await auth.verify(second);
    await auth.revokeSelf(await auth.verify(first));
    await expect(auth.verify(first)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
    await expect(auth.verify(second)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
    expect(await auth.verify(other)).toMatchObject({ kind: 'attenuated' });
    expect(await auth.verify(token)).toMatchObject({ kind: 'api-key' });
  });

  it('can be undone by nobody: a caveat that is gone, moved or changed leads nowhere', async () => {
    const { auth, token } = await setUp();
    const narrower = await attenuateToken(llm, await attenuateToken(llm, token, CHAT), {
      actions: ['chat'],
      models: ['*'],
    });
    const [name, first, second, key] = narrower.split('.');
    for (const parts of [
      [name, first, key],
      [name, second, key],
      [name, second, first, key],
      [name, first, first, second, key],
      [name, first, second, second, key],
      [name, encode('{"actions":["*"]}'), second, key],
      [name, first, second, '0'.repeat(64)],
      ['lka_BBBBBBBB', first, second, key],
    ]) {
      await expect(auth.verify(parts.join('.'))).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
    }
    await expect(auth.verify([name, key].join('.'))).rejects.toThrow(code('AUTH_TOKEN_MALFORMED'));
  });

  it('of the first kind of caveat is read as that was: its conditions admit other arguments', async () => {
    const mcp = { files: { tools: { '*': {}, read: { arguments: { path: { maxLength: 9 } } } } } };
    const { auth, token, record } = await setUp({ grant: { actions: ['chat'], mcp: { '*': { tools: { '*': {} } } } } });
    const caveat = encode(JSON.stringify({ actions: ['chat'], mcp }));
    const key = await nextAttenuationKey(await attenuationKeyOf(token), caveat);
    const former = `lka_${record.id}.${caveat}.${key}`;
    const present = await attenuateToken(llm, token, { actions: ['chat'], mcp });
    const decideFor = async (text: string, args: object) => {
      const tool = { server: 'files', name: 'read', arguments: { ...args }, argumentNames: ['path'] };
      return auth.decide(await auth.verify(text), { action: 'chat', mcp: tool });
    };
    expect(inspectToken(former, llm).caveats).toEqual(inspectToken(present, llm).caveats);
    expect(await decideFor(former, { path: 'a', more: 1 })).toMatchObject({ allowed: true });
    expect(await decideFor(former, { path: 'a', Path: 1 })).toMatchObject({ allowed: false });
    expect(await decideFor(present, { path: 'a', more: 1 })).toMatchObject({ allowed: false });
    // What is added to a token of the first kind is read as today.
    const next = await attenuateToken(llm, former, { actions: ['chat'], mcp });
    expect(await decideFor(next, { path: 'a', more: 1 })).toMatchObject({ allowed: false });
    expect(await decideFor(next, { path: 'a' })).toMatchObject({ allowed: true });
    // Neither kind can be made the other one.
    const [name, second, proof] = present.split('.');
    for (const text of [`${name}.${second?.slice(1)}.${proof}`, `lka_${record.id}.2${caveat}.${key}`]) {
      await expect(auth.verify(text)).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
    }
  });

  it('has one text: a caveat in other words is none, though the holder signed it', async () => {
    const { auth, token, calls } = await setUp();
    const narrower = await attenuateToken(llm, token, { actions: [] });
    for (const json of [
      '{"actions":["*"],"actions":[]}',
      '{ "actions": [] }',
      '\uFEFF{"actions":[]}',
      '[]',
      '{}',
      '{',
    ]) {
      const parts = narrower.split('.').with(1, encode(json));
      await expect(auth.verify(parts.join('.'))).rejects.toThrow(code('AUTH_TOKEN_MALFORMED'));
    }
    expect(calls).toEqual([]);
  });

  it('proves nothing with one character changed', async () => {
    const { auth, token } = await setUp();
    const narrower = await attenuateToken(llm, token, { ...CHAT, limits: { tokensPerDay: 100 } });
    await fc.assert(
      fc.asyncProperty(fc.nat(narrower.length - 1), fc.integer({ min: 33, max: 126 }), async (place, unit) => {
        const character = String.fromCharCode(unit);
        fc.pre(narrower[place] !== character);
        const changed = `${narrower.slice(0, place)}${character}${narrower.slice(place + 1)}`;
        const error = await auth.verify(changed).catch((reason) => reason);
        expect(error).toMatchObject({ code: expect.stringMatching(/^AUTH_TOKEN_(?:UNKNOWN|MALFORMED)$/) });
      }),
      { numRuns: 1000 },
    );
  });

  it('tells a token that there is not from a wrong key with the same words', async () => {
    const { auth, token, calls } = await setUp();
    const narrower = await attenuateToken(llm, token, CHAT);
    const failures: unknown[] = [];
    for (const text of [narrower.replace(/_[^.]*/, '_BBBBBBBB'), narrower.replace(/.{64}$/, '0'.repeat(64))]) {
      await auth.verify(text).catch((error) => failures.push({ ...error, message: error.message }));
    }
    expect(failures[0]).toEqual(failures[1]);
    expect(calls).toEqual(['find', 'find', 'find', 'find']);
  });

  it('of a token without a key to prove it by is not known', async () => {
    const { auth, token, inner, record } = await setUp();
    const { attenuationKey: _, ...rest } = (await inner.find(record.id))!;
    await inner.update({ ...rest, version: 2 }, 1);
    const narrower = await attenuateToken(llm, token, CHAT);
    await expect(auth.verify(narrower)).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
  });

  it("of one token is not proved by another one's key, put into the database", async () => {
    const { auth, token, inner, record } = await setUp();
    const admin = await auth.issue({ name: 'admin', grant: { actions: ['*'] } }, auth.operator());
    const { attenuationKey = '' } = (await inner.find(record.id)) ?? {};
    const stored = await inner.find(admin.record.id);
    await inner.update({ ...stored!, attenuationKey, version: 2 }, 1);
    const forged = (await attenuateToken(llm, token, GRANT)).replace(record.id, admin.record.id);
    await expect(auth.verify(forged)).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
  });

  it("is not proved by nobody's key, which anybody can follow", async () => {
    const { auth, inner, record } = await setUp();
    const { attenuationKey: _, ...rest } = (await inner.find(record.id))!;
    await inner.update({ ...rest, version: 2 }, 1);
    const caveat = encode('{"actions":["*"]}');
    const key = await nextAttenuationKey('0'.repeat(64), caveat);
    for (const id of [record.id, 'BBBBBBBB']) {
      await expect(auth.verify(`lka_${id}.${caveat}.${key}`)).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
    }
  });

  it('is proved by its own format until it ends', async () => {
    const { token } = await setUp();
    const narrower = await attenuateToken(llm, token, { ...CHAT, expiresAt: '2027-01-01T00:00:00Z' });
    const prove = (now: string) =>
      createAttenuatedFormat(llm).prove(narrower, {
        now: new Date(now),
        vocabulary: llm,
        idOfCommitment: () => Promise.reject(new Error('not asked')),
        attenuationKeysOf: async () => [await attenuationKeyOf(token)],
      });
    expect(await prove('2026-12-31T23:59:59.999Z')).toMatchObject({ expiresAt: '2027-01-01T00:00:00.000Z' });
    await expect(prove('2027-01-01T00:00:00Z')).rejects.toThrow(code('AUTH_TOKEN_EXPIRED'));
  });

  it('is read by its own format alone', async () => {
    const { token } = await setUp();
    const context = {
      now: new Date(0),
      vocabulary: llm,
      idOfCommitment: () => Promise.reject(new Error('not asked')),
      attenuationKeysOf: () => Promise.reject(new Error('not asked')),
    };
    await expect(createAttenuatedFormat(llm).prove(token, context)).rejects.toThrow(code('AUTH_TOKEN_MALFORMED'));
  });

  it('cannot be made of a stolen database', async () => {
    const { inner, token, record } = await setUp();
    const stored = JSON.stringify(await inner.find(record.id));
    const narrower = await attenuateToken(llm, token, CHAT);
    const [, caveat = '', key = ''] = narrower.split('.');
    expect(stored).not.toContain(key);
    // What is kept beside the digest opens for this record and this key alone.
    const other = createAuth({ vocabulary: llm, store: inner, digestKey: new Uint8Array(32).fill(2), formats });
    await expect(other.verify(`lka_${record.id}.${caveat}.${key}`)).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
  });
});

describe('attenuateToken', () => {
  it.each([
    [{ actions: ['fly'] }, 'grant.actions[0]'],
    [null, 'grant'],
    ['{"actions":[]}', 'grant'],
  ])('refuses what is no grant: %j', async (grant, path) => {
    const { token } = await setUp();
    await expect(attenuateToken(llm, token, grant as never)).rejects.toMatchObject({
      code: 'AUTH_GRANT_INVALID',
      path,
    });
  });

  it.each([
    '',
    'secret',
    'Bearer sk-lm-AAAAAAAA:BBBBBBBBBBBBBBBBBBBB',
    'lka_AAAAAAAA',
    `lka_AAAAAAAA.${'0'.repeat(64)}`,
    // Refresh tokens of somebody else.
    ...['', 'of ada.1', 'x.1'].map(
      (jti) => `${encode('{"alg":"HS256"}')}.${encode(JSON.stringify({ token_type: 'refresh', jti }))}.AAAA`,
    ),
  ])('refuses what is no token, and does not repeat it: %j', async (text) => {
    const error = await attenuateToken(llm, text, CHAT).catch((reason) => reason);
    expect(error).toBeInstanceOf(InvalidInputError);
    expect(error.message).toBe('token is not a token; check that it was copied whole.');
  });

  it('refuses an access token, and says what to use', async () => {
    const text = `${encode('{"alg":"EdDSA","typ":"at+jwt"}')}.${encode('{"jti":"at_x"}')}.AAAA`;
    await expect(attenuateToken(llm, text, CHAT)).rejects.toThrow('add the caveat to the token that it was made from');
  });

  it('adds 16 caveats and no more', async () => {
    const { auth, token } = await setUp();
    let text = token;
    for (let count = 0; count < 16; count++) text = await attenuateToken(llm, text, { actions: ['chat'] });
    expect((await auth.verify(text)).authority).toHaveLength(18);
    await expect(attenuateToken(llm, text, CHAT)).rejects.toMatchObject({ path: 'token' });
    // A seventeenth, signed by hand.
    const longer = text.replace(/\.[^.]*$/, (key) => `.${encode('{"actions":[]}')}${key}`);
    await expect(auth.verify(longer)).rejects.toThrow(code('AUTH_TOKEN_MALFORMED'));
  });

  it('makes no token that is too long for a header', async () => {
    const { auth, token, record } = await setUp();
    const models = (count: number) => Array.from({ length: count }, (_, index) => `${'m'.repeat(50)}${index}`);
    await expect(attenuateToken(llm, token, { actions: [], models: models(200) })).rejects.toMatchObject({
      path: 'grant',
    });
    const fits = await attenuateToken(llm, token, { actions: [], models: models(100) });
    expect(fits.length).toBeLessThanOrEqual(8192);
    expect(await auth.verify(fits)).toMatchObject({ kind: 'attenuated' });
    // One that is too long, signed by hand.
    const caveat = encode(JSON.stringify({ actions: [], models: models(200) }));
    const key = await nextAttenuationKey(await attenuationKeyOf(token), caveat);
    await expect(auth.verify(`lka_${record.id}.${caveat}.${key}`)).rejects.toThrow(code('AUTH_TOKEN_MALFORMED'));
  });
});

describe('base64url', () => {
  it('has one text for the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string({ unit: fc.constantFrom(...'AZaz09-_+/=.') }), (bytes, text) => {
        expect(fromBase64url(toBase64url(bytes))).toEqual(bytes);
        const read = fromBase64url(text);
        if (read !== undefined) expect(toBase64url(read)).toBe(text);
      }),
    );
    expect(fromBase64url('QQ')).toEqual(Uint8Array.of(0x41));
    expect(fromBase64url('QR')).toBeUndefined();
  });
});
