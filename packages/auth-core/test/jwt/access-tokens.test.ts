import { decodeJwt, decodeProtectedHeader } from 'jose';
import { describe, expect, it } from 'vitest';
import {
  anonymousPrincipal,
  attenuateToken,
  createMemoryLimitStore,
  createMeter,
  type Grant,
} from '../../src/index.ts';
import { createAccessTokens } from '../../src/jwt/index.ts';
import { FULL_GRANT, llm } from '../words.ts';
import { CHAT, createAccessBench, ELSEWHERE, ISSUER } from './access-bench.ts';

const NOW = Date.parse('2027-01-01T00:00:00Z') / 1000;

describe('an access token', () => {
  it('has the header and the claims of RFC 9068, and those of Label Studio', async () => {
    const { accessTokens, keys, makePrincipal } = await createAccessBench();
    const by = await makePrincipal(CHAT, { owner: 'ada', project: 'web' });
    const { token, jti } = await accessTokens.issue(by);
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: (await keys.signer()).kid });
    expect(decodeJwt(token)).toEqual({
      iss: ISSUER,
      aud: ISSUER,
      sub: 'ada',
      client_id: by.id,
      token_type: 'access',
      scope: 'chat',
      jti,
      iat: NOW,
      exp: NOW + 300,
      authorization_details: [{ type: 'latchkey_grant', grant: CHAT, source: 'token ci-bot', id: by.id }],
      latchkey: { parent: by.id, chain: [by.id], name: 'ci-bot', project: 'web' },
    });
  });

  it('names the actions that all of its grants allow as its scope (RFC 9068 2.2.3)', async () => {
    const { accessTokens, makePrincipal } = await createAccessBench();
    const by = await makePrincipal({ actions: ['embeddings', 'chat', 'models:read'], models: ['*'] });
    const scopeFor = async (actions: string[]) =>
      decodeJwt((await accessTokens.issue(by, { grant: { actions, models: ['*'] } })).token).scope;
    expect(await scopeFor(['*'])).toBe('embeddings chat models:read');
    expect(await scopeFor(['models:read', 'chat', 'tokens:write'])).toBe('chat models:read');
    expect(await scopeFor(['tokens:write'])).toBeUndefined();
    const administrator = await makePrincipal({ actions: ['*'] });
    expect(decodeJwt((await accessTokens.issue(administrator)).token).scope).toBe('*');
  });

  it('may do on the server that issued it what its maker may, and no more', async () => {
    const { accessTokens, auth, makePrincipal } = await createAccessBench();
    const by = await makePrincipal();
    const { token, jti, expiresAt } = await accessTokens.issue(by, { grant: { actions: ['*'], models: ['ibm/*'] } });
    const principal = await auth.verify(token);
    expect(principal).toMatchObject({
      id: jti,
      kind: 'access',
      owner: by.owner,
      rootId: by.id,
      tokenId: by.id,
      chain: [by.id, jti],
      expiresAt,
    });
    expect(auth.decide(principal, { action: 'chat', models: 'ibm/granite' }).allowed).toBe(true);
    expect(auth.decide(principal, { action: 'chat', models: 'other' }).allowed).toBe(false);
    expect(auth.decide(principal, { action: 'embeddings', models: 'ibm/granite' }).allowed).toBe(false);
  });

  it('is narrowed by what happens to the token behind it, and not widened', async () => {
    const { accessTokens, auth, makePrincipal, operator, clock } = await createAccessBench();
    const by = await makePrincipal();
    const { token } = await accessTokens.issue(by);
    await auth.edit(by.id, { grant: { actions: ['chat'], models: ['ibm/*'] } }, operator);
    const narrowed = await auth.verify(token);
    expect(auth.decide(narrowed, { action: 'chat', models: 'other' }).allowed).toBe(false);
    await auth.edit(by.id, { grant: { actions: ['*'], models: ['*'] } }, operator);
    clock.advance(1000);
    const widened = await auth.verify(token);
    expect(auth.decide(widened, { action: 'chat', models: 'other' }).allowed).toBe(true);
    expect(auth.decide(widened, { action: 'tokens:write' }).allowed).toBe(false);
  });

  it('becomes an API key that does not gain what the token behind it gains later', async () => {
    const { accessTokens, auth, makePrincipal, operator, clock } = await createAccessBench();
    const by = await makePrincipal();
    const { token } = await auth.exchange({}, await auth.verify((await accessTokens.issue(by)).token));
    await auth.edit(by.id, { grant: FULL_GRANT }, operator);
    clock.advance(1000);
    const principal = await auth.verify(token);
    expect(auth.decide(principal, { action: 'chat', models: 'any' }).allowed).toBe(true);
    expect(auth.decide(principal, { action: 'settings:write' }).allowed).toBe(false);
  });

  it('ends with the token behind it, and by its own id', async () => {
    const { accessTokens, auth, makePrincipal, operator } = await createAccessBench();
    const by = await makePrincipal();
    const [first, second] = [await accessTokens.issue(by), await accessTokens.issue(by)];
    await auth.revokeSelf(await auth.verify(first.token));
    await expect(auth.verify(first.token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_REVOKED' });
    await expect(auth.verify(second.token)).resolves.toMatchObject({ id: second.jti });
    await auth.revoke(by.id, operator);
    await expect(auth.verify(second.token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_REVOKED' });
  });

  it('of an attenuated token carries the caveats, and all that it can be ended by', async () => {
    const { accessTokens, auth, operator, verifier } = await createAccessBench();
    const { token: text } = await auth.issue({ name: 'ci-bot', grant: CHAT }, operator);
    const by = await auth.verify(await attenuateToken(llm, text, { actions: ['chat'], models: ['ibm/*'] }));
    const { token, jti } = await accessTokens.issue(by, { audience: [ISSUER, ELSEWHERE] });
    for (const principal of [await auth.verify(token), await verifier.verify(token)]) {
      expect(principal.chain).toEqual([...by.chain, jti]);
      expect(auth.decide(principal, { action: 'chat', models: 'other' }).allowed).toBe(false);
    }
    await auth.revokeSelf(by);
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_REVOKED' });
  });

  it('can be made of an access token, says nothing twice, and lives no longer', async () => {
    const { accessTokens, auth, clock, makePrincipal } = await createAccessBench();
    const by = await makePrincipal();
    const first = await accessTokens.issue(by, { seconds: 60 });
    clock.advance(10_000);
    const second = await accessTokens.issue(await auth.verify(first.token), { grant: CHAT });
    expect(second.expiresAt).toBe(first.expiresAt);
    expect(second.expiresIn).toBe(50);
    expect(decodeJwt(second.token).authorization_details).toHaveLength(2);
    const { chain } = await auth.verify(second.token);
    expect(chain.toSorted()).toEqual([by.id, first.jti, second.jti].sort());
    await auth.revokeSelf(await auth.verify(first.token));
    await expect(auth.verify(second.token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_REVOKED' });
  });

  it('is for the servers that it names, and for no others', async () => {
    const { accessTokens, auth, makePrincipal, verifier } = await createAccessBench();
    const by = await makePrincipal();
    const here = await accessTokens.issue(by);
    const there = await accessTokens.issue(by, { audience: [ELSEWHERE, ELSEWHERE] });
    expect(there.audience).toEqual([ELSEWHERE]);
    await expect(verifier.verify(there.token)).resolves.toMatchObject({ id: there.jti });
    await expect(auth.verify(there.token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_WRONG_AUDIENCE' });
    await expect(verifier.verify(here.token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_WRONG_AUDIENCE' });
  });

  it('that was made for other servers counts for whoever only asks whether it does', async () => {
    const { accessTokens, makePrincipal } = await createAccessBench();
    const by = await makePrincipal();
    const { token, jti } = await accessTokens.issue(by, { audience: ELSEWHERE });
    const context = {
      now: new Date(NOW * 1000),
      vocabulary: llm,
      idOfCommitment: async () => '',
      attenuationKeysOf: async () => [],
    };
    await expect(accessTokens.formatForAnyAudience.prove(token, context)).resolves.toMatchObject({ ids: [jti] });
    await expect(accessTokens.format.prove(token, context)).rejects.toMatchObject({
      code: 'AUTH_TOKEN_WRONG_AUDIENCE',
    });
  });

  it('stops to work when its kind, or that of the token behind it, is switched off', async () => {
    const { accessTokens, auth, makePrincipal, settings } = await createAccessBench();
    const by = await makePrincipal();
    const { token } = await accessTokens.issue(by);
    const disabled = { code: 'AUTH_TOKEN_KIND_DISABLED' };
    settings.kinds = { ...settings.kinds, access: false };
    await expect(auth.verify(token)).rejects.toMatchObject(disabled);
    await expect(accessTokens.issue(by)).rejects.toMatchObject(disabled);
    settings.kinds = { ...settings.kinds, access: true, 'api-key': false };
    await expect(auth.verify(token)).rejects.toMatchObject(disabled);
  });

  it('does not outlive the keys that are known to be compromised', async () => {
    const { accessTokens, auth, clock, keys, makePrincipal, operator } = await createAccessBench();
    const { token } = await accessTokens.issue(await makePrincipal());
    await auth.verify(token);
    await keys.rotate({ compromised: true }, operator);
    clock.advance(1000);
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
  });

  it('acts for a project that its maker may use', async () => {
    const { accessTokens, auth, makePrincipal, verifier } = await createAccessBench();
    const by = await makePrincipal({ ...CHAT, projects: ['web', 'app'] });
    const { token } = await accessTokens.issue(by, { project: 'web', audience: [ISSUER, ELSEWHERE] });
    await expect(auth.verify(token)).resolves.toMatchObject({ project: 'web' });
    await expect(verifier.verify(token)).resolves.toMatchObject({ project: 'web' });
    await expect(accessTokens.issue(by, { project: 'other' })).rejects.toMatchObject({
      code: 'AUTH_PERMISSION_DENIED',
    });
  });
});

describe('the life of an access token', () => {
  it('is what the installation decides at that moment, or less', async () => {
    const { accessTokens, makePrincipal, settings } = await createAccessBench();
    const by = await makePrincipal();
    const lives = async (seconds?: number) =>
      (await accessTokens.issue(by, seconds === undefined ? {} : { seconds })).expiresIn;
    expect(await lives()).toBe(300);
    expect(await lives(1)).toBe(1);
    expect(await lives(301)).toBe(300);
    settings.accessTokenSeconds = 900;
    expect(await lives()).toBe(900);
    settings.accessTokenSeconds = 999_999;
    expect(await lives()).toBe(3600);
    expect(await lives(999_999)).toBe(3600);
  });

  it('ends no later than its maker', async () => {
    const { accessTokens, auth, clock, makePrincipal } = await createAccessBench();
    const by = await makePrincipal(CHAT, { expiresAt: '2027-01-01T00:00:10.900Z' });
    const { token, expiresAt } = await accessTokens.issue(by);
    expect(expiresAt).toBe('2027-01-01T00:00:10.000Z');
    clock.advance(9999);
    await auth.verify(token);
    clock.advance(1);
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_EXPIRED' });
    await expect(accessTokens.issue(by)).rejects.toMatchObject({ code: 'AUTH_TOKEN_EXPIRED' });
    const unreadable = { ...by, expiresAt: 'soon' };
    await expect(accessTokens.issue(unreadable)).rejects.toMatchObject({ code: 'AUTH_TOKEN_EXPIRED' });
  });

  it('is a whole number of seconds', async () => {
    const { accessTokens, makePrincipal } = await createAccessBench();
    const by = await makePrincipal();
    for (const seconds of [0, -1, 1.5, Number.NaN]) {
      await expect(accessTokens.issue(by, { seconds })).rejects.toMatchObject({
        code: 'AUTH_INPUT_INVALID',
        path: 'seconds',
      });
    }
  });
});

describe('making an access token', () => {
  it('is not for those who have presented no token', async () => {
    const { accessTokens, operator } = await createAccessBench();
    for (const by of [operator, anonymousPrincipal(llm, CHAT, 'guest')]) {
      await expect(accessTokens.issue(by)).rejects.toMatchObject({ code: 'AUTH_PERMISSION_DENIED' });
    }
  });

  it('refuses a grant and an audience that are none', async () => {
    const { accessTokens, makePrincipal } = await createAccessBench();
    const by = await makePrincipal();
    const issue = (input: object) => accessTokens.issue(by, input);
    await expect(issue({ grant: { actions: ['fly'] } })).rejects.toMatchObject({ path: 'grant.actions[0]' });
    const tooMany = Array.from({ length: 11 }, (_, index) => `https://${index}.example`);
    for (const audience of ['', 'a b', 'ä', [], tooMany, 'a'.repeat(201)]) {
      await expect(issue({ audience })).rejects.toMatchObject({ code: 'AUTH_INPUT_INVALID', path: 'audience' });
    }
  });

  it('asks for a narrower grant where the authority is too much for a header, and takes one', async () => {
    const { accessTokens, auth, makePrincipal, verifier } = await createAccessBench();
    const models = Array.from({ length: 400 }, (_, index) => `publisher-${index}/model-*`);
    const by = await makePrincipal({ actions: ['chat'], models });
    await expect(accessTokens.issue(by)).rejects.toMatchObject({
      code: 'AUTH_GRANT_INVALID',
      path: 'grant',
      message: expect.stringContaining('narrower'),
    });
    const wide: Grant = { actions: ['*'], models: ['*'] };
    await expect(accessTokens.issue(by, { grant: wide })).rejects.toMatchObject({ code: 'AUTH_GRANT_INVALID' });
    const grant: Grant = { actions: ['chat'], models: ['publisher-7/model-b'] };
    const { token } = await accessTokens.issue(by, { grant, audience: [ISSUER, ELSEWHERE] });
    expect(token.length).toBeLessThan(8000);
    for (const principal of [await auth.verify(token), await verifier.verify(token)]) {
      expect(auth.decide(principal, { action: 'chat', models: 'publisher-7/model-b' }).allowed).toBe(true);
      expect(auth.decide(principal, { action: 'chat', models: 'publisher-8/model-b' }).allowed).toBe(false);
    }
  });

  it('leaves out no limit that its use counts against, however long the authority is', async () => {
    const { accessTokens, auth, clock, operator } = await createAccessBench();
    const models = Array.from({ length: 165 }, (_, index) => `publisher-${index}/a-model-of-its-own`);
    const limits = { requestsPerMinute: 2 };
    const { token } = await auth.issue({ name: 'ci-bot', grant: CHAT }, operator);
    const by = await auth.verify(await attenuateToken(llm, token, { actions: ['chat'], models, limits }));
    const grant: Grant = { actions: ['chat'], models: models.slice(0, 1), limits };
    const meter = createMeter({ vocabulary: llm, store: createMemoryLimitStore(), clock });
    for (const admitted of [true, true, false]) {
      // Each is a token of its own, but all are used on behalf of the one.
      const access = await accessTokens.issue(by, { grant });
      const admission = meter.admit(await auth.verify(access.token));
      if (admitted) await (await admission).release();
      else await expect(admission).rejects.toMatchObject({ code: 'AUTH_LIMIT_EXCEEDED' });
    }
  });

  it('is remembered, and shows no token when it cannot be', async () => {
    const { accessTokens, keys, clock, events, makePrincipal } = await createAccessBench();
    const by = await makePrincipal(CHAT, { owner: 'ada', project: 'web' });
    const { token, jti, expiresAt } = await accessTokens.issue(by);
    expect(events).toEqual([
      {
        type: 'token.exchanged',
        actor: { id: by.id, name: 'ci-bot', owner: 'ada', rootId: by.id },
        project: 'web',
        subject: jti,
        details: { kind: 'access', name: 'ci-bot', parent: by.id, audience: [ISSUER], expiresAt },
      },
    ]);
    expect(JSON.stringify(events)).not.toContain(token.split('.')[2]);
    const failing = createAccessTokens({
      vocabulary: llm,
      keys,
      issuer: ISSUER,
      clock,
      audit: () => Promise.reject(new Error('full')),
    });
    await expect(failing.issue(by)).rejects.toMatchObject({ code: 'AUTH_AUDIT_UNAVAILABLE' });
    const silent = createAccessTokens({ vocabulary: llm, keys, issuer: ISSUER, clock });
    await expect(silent.issue(by)).resolves.toMatchObject({ expiresIn: 300 });
  });

  it('fails closed when nobody can say what is switched on', async () => {
    const { keys, clock, makePrincipal } = await createAccessBench();
    const settings = () => {
      throw new Error('disk on fire');
    };
    const accessTokens = createAccessTokens({ vocabulary: llm, keys, issuer: ISSUER, clock, settings });
    const refused = { code: 'AUTH_STORE_UNAVAILABLE' };
    await expect(accessTokens.issue(await makePrincipal())).rejects.toMatchObject(refused);
  });

  it('publishes the keys that it signs with', async () => {
    const { accessTokens, keys } = await createAccessBench();
    expect(await accessTokens.jwks()).toEqual(await keys.jwks());
  });

  it('needs an issuer and an audience without blanks', async () => {
    const { keys } = await createAccessBench();
    expect(() => createAccessTokens({ vocabulary: llm, keys, issuer: '' })).toThrow('issuer');
    expect(() => createAccessTokens({ vocabulary: llm, keys, issuer: ISSUER, audience: 'a b' })).toThrow('audience');
  });
});
