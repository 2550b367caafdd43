import { createHash, createHmac, scryptSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createImportedKeyFormat, type EarlierHash } from '../../src/import/index.ts';
import { proveEarlier } from '../../src/import/prove-earlier.ts';
import {
  attenuateToken,
  createApiKeyFormat,
  createAttenuatedFormat,
  createAuth,
  createMemoryTokenStore,
} from '../../src/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import type { EarlierSecret } from '../../src/token/earlier-secret.ts';

const GRANT = { actions: ['usage:read'] } as const;
const KEY = 'old_k3yOfTheSystemBefore';
const hmacSha256 = new Uint8Array(32).fill(9);

/** Stands for bcrypt and Argon2: slow, salted, and nothing can be computed from the secret alone. */
const slow = (secret: string, salt = 'salt') =>
  `scrypt$${salt}$${scryptSync(secret, salt, 16, { N: 2 }).toString('hex')}`;

function setUp(hash: EarlierHash, parse = (text: string) => (text.startsWith('old_') ? { secret: text } : undefined)) {
  const clock = fixedClock();
  const imported = createImportedKeyFormat({ hash, parse, clock });
  const store = createMemoryTokenStore();
  const digestKey = new Uint8Array(32).fill(1);
  const open = (ring: readonly Uint8Array[] = [digestKey], own = store) =>
    createAuth({ store: own, digestKey: ring, formats: [createApiKeyFormat(), imported], clock, cacheMilliseconds: 0 });
  return { imported, store, open, auth: open(), clock, digestKey };
}

const withId = (text: string) => {
  const [, id, secret] = /^old_([a-z0-9]+)_(.+)$/.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
};

function setUpSlow() {
  const checked: string[] = [];
  const check = async (secret: string, hash: string) => {
    checked.push(hash);
    return slow(secret, hash.split('$')[1]) === hash;
  };
  return { checked, ...setUp({ check, example: slow('none') }, withId) };
}

describe.each<[string, EarlierHash, string, string]>([
  ['SHA-256, hexadecimal', 'sha256', createHash('sha256').update(KEY).digest('hex'), 'hex'],
  ['SHA-256, base64', 'sha256', createHash('sha256').update(KEY).digest('base64'), 'base64'],
  ['HMAC-SHA-256', { hmacSha256 }, createHmac('sha256', hmacSha256).update(KEY).digest('hex'), 'hex'],
])('a key of an earlier system, of which there is %s', (_, how, hash) => {
  it('works, with what it is allowed to do, and no other does', async () => {
    const { auth, imported } = setUp(how);
    const record = await imported.import(auth, { name: 'ada', owner: 'ada', hash, grant: GRANT }, auth.operator());
    expect(record).toMatchObject({ kind: 'custom', owner: 'ada' });
    expect(await auth.verify(KEY)).toMatchObject({ id: record.id, owner: 'ada', kind: 'custom' });
    await expect(auth.verify(`${KEY}x`)).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
  });

  it('is stored so that a stolen database opens nothing: neither the hash, nor anything that the hash proves', async () => {
    const { auth, imported, store } = setUp(how);
    await imported.import(auth, { name: 'ada', hash, grant: GRANT }, auth.operator());
    const hex = /^[0-9a-f]{64}$/.test(hash) ? hash : Buffer.from(hash, 'base64').toString('hex');
    const dump = JSON.stringify(await store.list({}));
    for (const text of [hash, hex, Buffer.from(hex, 'hex').toString('base64')]) expect(dump).not.toContain(text);
  });

  it('is not proved by its hash (pass the hash)', async () => {
    const { auth, imported } = setUp(how, (text) => ({ secret: text }));
    await imported.import(auth, { name: 'ada', hash, grant: GRANT }, auth.operator());
    const hex = /^[0-9a-f]{64}$/.test(hash) ? hash : Buffer.from(hash, 'base64').toString('hex');
    for (const text of [hash, hex, `\u0000hash of an earlier system\u0000${hex}`]) {
      await expect(auth.verify(text)).rejects.toMatchObject({ code: expect.stringMatching(/UNKNOWN|MALFORMED/) });
    }
  });

  it('is stored like any other at its first use, and works after the digest key was changed', async () => {
    const { auth, imported, store, open, digestKey } = setUp(how);
    const { id } = await imported.import(auth, { name: 'ada', hash, grant: GRANT }, auth.operator());
    const before = (await store.find(id))?.digest;
    await auth.verify(KEY);
    const after = await store.find(id);
    expect(after?.digest.split(':')[1]).not.toBe(before?.split(':')[1]);
    expect(after?.attenuationKey).toBeDefined();
    await open([new Uint8Array(32).fill(2), digestKey]).verify(KEY);
    expect((await open([new Uint8Array(32).fill(2), digestKey]).keys())[1]?.tokens).toBe(0);
  });

  it('is imported although the answer of the store was lost, and the key was used at once', async () => {
    const { auth, imported, store, open } = setUp(how);
    async function insert(...added: Parameters<typeof store.insert>): Promise<boolean> {
      await store.insert(...added);
      await auth.verify(KEY);
      throw new Error('the line is broken');
    }
    const losing = open(undefined, { ...store, insert });
    const { id } = await imported.import(losing, { name: 'ada', hash, grant: GRANT }, losing.operator());
    expect(await auth.verify(KEY)).toMatchObject({ id });
  });

  it('is not imported twice, nor beyond the authority of its importer', async () => {
    const { auth, imported } = setUp(how);
    const input = { name: 'ada', hash, grant: GRANT };
    await imported.import(auth, input, auth.operator());
    await expect(imported.import(auth, input, auth.operator())).rejects.toMatchObject({ code: 'AUTH_CONFLICT' });
    const { token } = await auth.issue({ name: 'small', grant: { actions: ['tokens:write'] } }, auth.operator());
    await expect(imported.import(auth, input, await auth.verify(token))).rejects.toMatchObject({
      code: 'AUTH_GRANT_NOT_COVERED',
    });
  });
});

describe('a check before the import', () => {
  const hash = createHash('sha256').update(KEY).digest('hex');

  it('fails as the import would, and adds nothing', async () => {
    const { auth, imported, store } = setUp('sha256');
    const input = { name: 'ada', hash, grant: GRANT };
    const operator = auth.operator();
    await imported.check(auth, input, operator);
    expect(await store.list({})).toEqual([]);
    for (const [wrong, code] of [
      [{ hash: 'short' }, 'AUTH_INPUT_INVALID'],
      [{ name: '' }, 'AUTH_INPUT_INVALID'],
      [{ grant: { actions: ['fly'] } as never }, 'AUTH_GRANT_INVALID'],
      [{ expiresAt: '2001-01-01T00:00:00Z' }, 'AUTH_INPUT_INVALID'],
    ] as const) {
      await expect(imported.check(auth, { ...input, ...wrong }, operator)).rejects.toMatchObject({ code });
    }
    const { token } = await auth.issue({ name: 'small', grant: { actions: ['tokens:write'] } }, operator);
    const small = await auth.verify(token);
    await expect(imported.check(auth, input, small)).rejects.toMatchObject({ code: 'AUTH_GRANT_NOT_COVERED' });
    await imported.import(auth, input, operator);
    await expect(imported.check(auth, input, operator)).rejects.toMatchObject({ code: 'AUTH_CONFLICT' });
  });

  it('of a key that is issued makes none, whatever its kind', async () => {
    const { auth, store } = setUp('sha256');
    await auth.checkIssue({ name: 'ci', grant: GRANT }, auth.operator());
    const weak = { name: 'ci', kind: 'custom', secret: 'password', grant: GRANT } as const;
    await expect(auth.checkIssue(weak, auth.operator())).rejects.toMatchObject({ code: 'AUTH_INPUT_INVALID' });
    expect(await store.list({})).toEqual([]);
  });
});

describe('a system that has hashed its keys in several ways', () => {
  const LATER = 'old_keyOfItsLastYears';
  const hashes = [
    createHash('sha256').update(KEY).digest('hex'),
    createHmac('sha256', hmacSha256).update(LATER).digest('hex'),
  ];

  it('has each key taken by its own hash, and none by that of another', async () => {
    const { auth, imported } = setUp(['sha256', { hmacSha256 }]);
    for (const [index, hash] of hashes.entries()) {
      await imported.import(auth, { name: `${index}`, hash, grant: GRANT }, auth.operator());
    }
    for (const text of [KEY, LATER, KEY]) expect((await auth.verify(text)).name).toBe(text === KEY ? '0' : '1');
    await expect(auth.verify('old_another')).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
  });

  it.each([[[]], [['md5']], [{ hmacSha256: 'text' }], [{ check: true }]])('is not described by %j', (hash) => {
    expect(() => createImportedKeyFormat({ hash: hash as never, parse: () => undefined })).toThrow("the option 'hash'");
  });
});

describe('an imported key', () => {
  it('does not change what a key may do that was made here with the same text', async () => {
    const { auth, imported } = setUp('sha256');
    const own = { name: 'own', kind: 'custom', secret: KEY, grant: GRANT, force: true } as const;
    await auth.issue(own, auth.operator());
    const hash = createHash('sha256').update(KEY).digest('hex');
    await imported.import(auth, { name: 'shadow', hash, grant: { actions: [] } }, auth.operator());
    expect(await auth.verify(KEY)).toMatchObject({ name: 'own' });
  });

  it('is exchanged for an API key, and is not attenuated without the server', async () => {
    const hash = createHash('sha256').update(KEY).digest('hex');
    const { auth: plain, imported, store, digestKey } = setUp('sha256');
    const formats = [createApiKeyFormat(), imported, createAttenuatedFormat()];
    const auth = createAuth({ store, digestKey, formats });
    await imported.import(plain, { name: 'ada', hash, grant: GRANT }, plain.operator());
    const { token } = await auth.exchange({ name: 'part', grant: GRANT }, await auth.verify(KEY));
    expect((await auth.verify(token)).kind).toBe('api-key');
    const narrowed = await attenuateToken(auth.vocabulary, KEY, GRANT);
    await expect(auth.verify(narrowed)).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
  });
});

describe('a key of an earlier system whose hash can only be checked', () => {
  const TEXT = 'old_k1_correctHorse';
  const hash = slow('correctHorse');

  it('works, and is checked slowly once only', async () => {
    const { auth, imported, checked } = setUpSlow();
    const record = await imported.import(auth, { name: 'ada', id: 'k1', hash, grant: GRANT }, auth.operator());
    expect(await auth.verify(TEXT)).toMatchObject({ id: record.id });
    expect(checked).toEqual([hash]);
    await auth.verify(TEXT);
    expect(checked).toHaveLength(1);
  });

  it('has its hash sealed in the store, and no more after its first use; nothing shows it', async () => {
    const { auth, imported, store } = setUpSlow();
    const { id } = await imported.import(auth, { name: 'ada', id: 'k1', hash, grant: GRANT }, auth.operator());
    expect(JSON.stringify(await store.list({}))).not.toContain(hash.split('$')[2]);
    await expect(auth.reveal(id, auth.operator())).rejects.toMatchObject({ code: 'AUTH_INPUT_INVALID' });
    await auth.verify(TEXT);
    await expect(auth.verify(`old_k1_${hash}`)).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
  });

  it('takes the same work for an unknown id, a wrong secret and a used key', async () => {
    const { auth, imported, checked } = setUpSlow();
    await imported.import(auth, { name: 'ada', id: 'k1', hash, grant: GRANT }, auth.operator());
    await imported.import(auth, { name: 'bob', id: 'k2', hash: slow('other'), grant: GRANT }, auth.operator());
    await auth.verify('old_k2_other');
    checked.length = 0;
    for (const text of ['old_k9_correctHorse', 'old_k1_wrong', 'old_k2_wrong']) {
      await expect(auth.verify(text)).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
    }
    expect(checked).toHaveLength(3);
  });

  it('is not guessed: 10 attempts a minute on an id, from wherever', async () => {
    const { auth, imported, clock, checked } = setUpSlow();
    await imported.import(auth, { name: 'ada', id: 'k1', hash, grant: GRANT }, auth.operator());
    for (let index = 0; index < 10; index++) {
      await expect(auth.verify(`old_k1_guess${index}`, { address: `10.0.0.${index}` })).rejects.toMatchObject({
        code: 'AUTH_TOKEN_UNKNOWN',
      });
    }
    const refused = { code: 'AUTH_LIMIT_EXCEEDED', retryAfterSeconds: 60 };
    await expect(auth.verify(TEXT, { address: '10.0.0.99' })).rejects.toMatchObject(refused);
    expect(checked).toHaveLength(10);
    clock.advance(60_000);
    await auth.verify(TEXT);
  });

  it('is not guessed: 30 attempts a minute from an address, on whatever ids', async () => {
    const { auth } = setUpSlow();
    const attempt = (index: number, address: string) => auth.verify(`old_k${index}_guess`, { address });
    for (let index = 0; index < 30; index++) {
      await expect(attempt(index, '10.0.0.1')).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
    }
    await expect(attempt(31, '10.0.0.1')).rejects.toMatchObject({ code: 'AUTH_LIMIT_EXCEEDED' });
    await expect(attempt(31, '10.0.0.2')).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
  });

  it('needs an id', async () => {
    const { auth, imported } = setUpSlow();
    await expect(imported.import(auth, { name: 'ada', hash, grant: GRANT }, auth.operator())).rejects.toMatchObject({
      code: 'AUTH_INPUT_INVALID',
      path: 'id',
    });
  });
});

describe('the format', () => {
  it('takes other custom keys as before, and hashes only from the server itself', async () => {
    const { auth } = setUp('sha256');
    const text = 'vT9qLm2xWz7RbKd4HsYc';
    await auth.issue({ name: 'own', kind: 'custom', secret: text, grant: GRANT }, auth.operator());
    expect(await auth.verify(text)).toMatchObject({ kind: 'custom', name: 'own' });
    const weak = { name: 'weak', kind: 'custom', secret: 'password', grant: GRANT } as const;
    await expect(auth.issue(weak, auth.operator())).rejects.toMatchObject({ code: 'AUTH_INPUT_INVALID' });
  });

  it.each(['', 'abc', 'zz'.repeat(32), 5])('refuses %j as a hash', async (hash) => {
    const { auth, imported } = setUp('sha256');
    const input = { name: 'ada', hash: hash as string, grant: GRANT };
    await expect(imported.import(auth, input, auth.operator())).rejects.toMatchObject({ path: 'hash' });
  });
});

describe('a format that finds no id, where a hash can only be checked', () => {
  it('proves nothing that is not stored, whatever its check says', async () => {
    const { imported, store, digestKey } = setUp('sha256');
    const token = { secret: KEY };
    const earlier: EarlierSecret = { prove: (context) => proveEarlier(token, { check: async () => true }, context) };
    const parse = () => ({ ...token, earlier });
    const auth = createAuth({ store, digestKey, formats: [createApiKeyFormat(), { ...imported, parse }] });
    await expect(auth.verify(KEY)).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
  });
});
