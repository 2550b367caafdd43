import { describe, expect, it } from 'vitest';
import { createRequestAuthenticator } from '../../src/http/index.ts';
import { createSealer, TOKEN_KINDS, type TokenFormat } from '../../src/index.ts';
import { createAccessTokens, createSigningKeys } from '../../src/jwt/index.ts';
import { llm } from '../words.ts';
import { digestKey, GRANT, ISSUER, makeEveryKind, setUpEveryKind } from './every-kind.ts';

const unavailable = { code: 'AUTH_STORE_UNAVAILABLE' };

describe('what fails lets nobody in, as nobody else either (swallowed errors, default identities)', () => {
  it.each(TOKEN_KINDS)('while the store fails, for a token of kind %s', async (kind) => {
    const installation = setUpEveryKind({ cacheMilliseconds: 0 });
    const { auth, failing } = installation;
    const text = (await makeEveryKind(installation))[kind];
    const authenticate = createRequestAuthenticator({ auth });
    const request = { header: (name: string) => (name === 'authorization' ? [`Bearer ${text}`] : []) };
    const { principal, reverify } = await authenticate(request);
    expect(principal).toMatchObject({ kind });
    failing.add('find');
    for (const attempt of [() => auth.verify(text), () => authenticate(request), reverify]) {
      await expect(attempt()).rejects.toMatchObject(unavailable);
    }
    failing.clear();
    expect(await auth.verify(text)).toMatchObject({ kind });
  });

  it('while the signing keys cannot be read, for an access token', async () => {
    const { auth, operator, store, clock } = setUpEveryKind();
    const { token } = await auth.issue({ name: 'ci-bot', grant: GRANT }, operator);
    const sealer = createSealer(digestKey);
    let fails = false;
    const elsewhere = setUpEveryKind();
    const list = async () => {
      if (fails) throw new Error('disk on fire');
      return elsewhere.keyStore.list();
    };
    const keys = createSigningKeys({ store: { ...elsewhere.keyStore, list }, sealer, clock });
    const access = createAccessTokens({ vocabulary: llm, keys, issuer: ISSUER, clock });
    const text = (await access.issue(await auth.verify(token))).token;
    const verifying = setUpEveryKind({ store, formats: [access.format], cacheMilliseconds: 0 });
    fails = true;
    clock.advance(1000);
    await expect(verifying.auth.verify(text)).rejects.toMatchObject(unavailable);
  });

  it.each(TOKEN_KINDS)('while nobody can say what is switched on, for a token of kind %s', async (kind) => {
    let fails = false;
    const installation = setUpEveryKind({
      settings: () => {
        if (fails) throw new Error('disk on fire');
        return installation.settings;
      },
    });
    const text = (await makeEveryKind(installation))[kind];
    await installation.auth.verify(text);
    fails = true;
    await expect(installation.auth.verify(text)).rejects.toMatchObject(unavailable);
  });

  it('when a format of tokens has a bug', async () => {
    const broken: TokenFormat = {
      type: 'derived',
      kind: 'access',
      matches: () => true,
      prove: () => Promise.reject(new TypeError('undefined is not a function')),
    };
    const { auth } = setUpEveryKind({ formats: [broken] });
    const authenticate = createRequestAuthenticator({ auth });
    await expect(authenticate({ header: () => ['anything'] })).rejects.toBeInstanceOf(Error);
  });

  it('nor hands out a token that could not be written down', async () => {
    const installation = setUpEveryKind({ audit: () => Promise.reject(new Error('disk on fire')) });
    const { auth, operator } = installation;
    const refused = { code: 'AUTH_AUDIT_UNAVAILABLE' };
    await expect(auth.issue({ name: 'ci-bot', grant: GRANT }, operator)).rejects.toMatchObject(refused);
  });
});
