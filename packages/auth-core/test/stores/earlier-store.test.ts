import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  anonymousPrincipal,
  createApiKeyFormat,
  createAttenuatedFormat,
  createAuditLog,
  createAuth,
  createCustomKeyFormat,
  createLegacyFormat,
  createMeter,
  createSealer,
  credits,
  defineVocabulary,
} from '../../src/index.ts';
import {
  createAccessTokens,
  createAccessTokenVerifier,
  createPersonalAccessTokenFormat,
  createSigningKeys,
} from '../../src/jwt/index.ts';
import { re2jsPatterns } from '../../src/patterns/re2js.ts';
import {
  createKyselyAuditStore,
  createKyselyLimitStore,
  createKyselySigningKeyStore,
  createKyselyTokenStore,
  migrate,
  tokenMigrations,
} from '../../src/stores/kysely/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { llm } from '../words.ts';
import { earlierPlaces } from './earlier/places.ts';

const digestKey = new Uint8Array(32).fill(7);
const auditKey = new Uint8Array(32).fill(9);

function openAll(database: Kysely<unknown>, { at, issuer }: { readonly at: string; readonly issuer: string }) {
  const clock = fixedClock(at);
  const log = createAuditLog({ store: createKyselyAuditStore(database), key: auditKey, clock });
  const keys = createSigningKeys({
    store: createKyselySigningKeyStore(database),
    sealer: createSealer(digestKey),
    clock,
  });
  const access = createAccessTokens({ vocabulary: llm, keys, issuer, clock });
  const auth = createAuth({
    vocabulary: llm,
    store: createKyselyTokenStore(database),
    digestKey,
    clock,
    audit: log.record,
    patterns: re2jsPatterns,
    resolvePath: (path) => path,
    formats: [
      createApiKeyFormat(llm),
      createPersonalAccessTokenFormat({ key: digestKey }),
      createLegacyFormat(),
      access.format,
      createAttenuatedFormat(llm),
      createCustomKeyFormat(llm),
    ],
  });
  // What was used before is of a day that PostgreSQL's own clock is past.
  const { now: _, ...counts } = createKyselyLimitStore(database);
  const meter = createMeter({ vocabulary: llm, store: counts, clock });
  return { clock, log, keys, access, auth, operator: auth.operator(), meter };
}

describe.each(await earlierPlaces())('a database of an earlier version in $name', ({ setUp, facts }) => {
  const { tokens, audit, issuer } = facts;
  let place: Awaited<ReturnType<typeof setUp>>;
  let database: Kysely<unknown>;
  let opened: ReturnType<typeof openAll>;
  beforeEach(async () => {
    place = await setUp();
    database = place.open();
    await migrate(database, tokenMigrations, 'token_migrations');
    opened = openAll(database, facts);
  });
  afterEach(async () => {
    await database.destroy();
    await place.dispose();
  });

  it('serves every token that worked', async () => {
    const working = {
      full: 'api-key',
      all: 'api-key',
      custom: 'custom',
      'personal-access': 'personal-access',
      legacy: 'legacy',
      access: 'access',
      attenuated: 'attenuated',
      'attenuated-custom': 'attenuated',
      exchanged: 'api-key',
      'issued-by-derived': 'api-key',
      'rotated-former': 'api-key',
      'attenuated-by-former': 'attenuated',
      rotated: 'api-key',
      'until-first-use-former': 'api-key',
      'until-first-use': 'api-key',
      replacement: 'api-key',
      edited: 'api-key',
    } as const;
    for (const [name, kind] of Object.entries(working)) {
      const principal = await opened.auth.verify(tokens[name as keyof typeof working].token);
      expect(principal, name).toMatchObject({ kind });
      const asked = { action: 'chat', models: 'ibm/granite-4', project: 'web' } as const;
      expect(opened.auth.decide(principal, asked, { address: '10.1.2.3' }), name).toMatchObject({ allowed: true });
    }
  });

  it('refuses every token that had ended', async () => {
    const ended = {
      replaced: 'AUTH_TOKEN_ROTATED',
      revoked: 'AUTH_TOKEN_REVOKED',
      'revoked-attenuated': 'AUTH_TOKEN_REVOKED',
      'revoked-access': 'AUTH_TOKEN_REVOKED',
      expired: 'AUTH_TOKEN_EXPIRED',
    } as const;
    for (const [name, code] of Object.entries(ended)) {
      const verifying = opened.auth.verify(tokens[name as keyof typeof ended].token);
      await expect(verifying, name).rejects.toMatchObject({ code });
    }
  });

  it('goes on with rotations: the first use of a new secret ends the former one', async () => {
    await opened.auth.verify(tokens['until-first-use'].token);
    const former = opened.auth.verify(tokens['until-first-use-former'].token);
    await expect(former).rejects.toMatchObject({ code: 'AUTH_TOKEN_ROTATED' });
    opened.clock.advance(21 * 86_400_000);
    const overlapping = opened.auth.verify(tokens['rotated-former'].token);
    await expect(overlapping).rejects.toMatchObject({ code: 'AUTH_TOKEN_ROTATED' });
  });

  it('decides by the whole grant', async () => {
    const { auth } = opened;
    const principal = await auth.verify(tokens.full.token);
    const decide = (path: string, address = '10.0.0.1') =>
      auth.decide(
        principal,
        { action: 'chat', mcp: { server: 'mcp/files', name: 'read_text_file', arguments: { path } } },
        { address },
      );
    expect(decide('/srv/docs/a.txt')).toMatchObject({ allowed: true, limits: { maxOutputTokens: 2048 } });
    expect(decide('/srv/secret')).toMatchObject({ rule: 'arguments' });
    expect(decide('/srv/docs/a.txt', '192.0.2.1')).toMatchObject({ rule: 'networks' });
  });

  it('is managed: listed, shown, revealed, edited, rotated and revoked', async () => {
    const { auth, operator } = opened;
    const named = new Map((await auth.list(operator)).map((record) => [record.id, record.name]));
    expect(named.get(tokens.edited.id)).toBe('edited');
    expect(named.get(tokens.exchanged.id)).toBe('exchanged');
    expect(await auth.show(tokens.full.id, operator)).toMatchObject({
      owner: 'ada',
      notes: 'two\nlines',
      project: 'web',
    });
    expect(await auth.reveal(tokens.legacy.id, operator)).toBe(tokens.legacy.token);
    expect(await auth.edit(tokens.full.id, { name: 'renamed' }, operator)).toMatchObject({ name: 'renamed' });
    const metadata = { customer: 'acme' };
    expect(await auth.edit(tokens.full.id, { metadata }, operator)).toMatchObject({ metadata });
    const { token } = await auth.rotate(tokens.full.id, {}, operator);
    expect(await auth.verify(token)).toMatchObject({ id: tokens.full.id, name: 'renamed', metadata });
    await auth.revoke(tokens.all.id, operator);
    for (const derived of ['attenuated', 'exchanged', 'issued-by-derived', 'access'] as const) {
      await expect(auth.verify(tokens[derived].token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_REVOKED' });
    }
  });

  it('signs with its keys: another server accepts an access token of before', async () => {
    const jwks = await opened.keys.jwks();
    expect(jwks.keys).toHaveLength(2);
    const audience = issuer;
    const verifier = createAccessTokenVerifier({ vocabulary: llm, jwks, issuer, audience, clock: opened.clock });
    expect(await verifier.verify(tokens.access.token)).toMatchObject({ id: tokens.access.id, tokenId: tokens.all.id });
  });

  it('goes on counting where it was', async () => {
    const { auth, meter } = opened;
    const remaining = async (name: 'full' | 'issued-by-derived') =>
      (await meter.usage(await auth.verify(tokens[name].token)))
        .filter(({ name: limit }) => limit === 'tokensPerDay')
        .map(({ source, remaining: left }) => [source, left]);
    expect(await remaining('full')).toEqual([['token full', 750]]);
    expect((await remaining('issued-by-derived')).map(([, left]) => left)).toEqual([70, 20]);
  });

  it('counts credits in the tables that it gets', async () => {
    const vocabulary = defineVocabulary({ limits: { credits: credits() } });
    const meter = createMeter({ vocabulary, store: createKyselyLimitStore(database), clock: opened.clock });
    const guest = anonymousPrincipal(vocabulary, { actions: ['*'], limits: { credits: 1 } }, 'guest');
    await meter.admit(guest);
    await expect(meter.admit(guest)).rejects.toMatchObject({ limit: 'credits' });
  });

  it('has an audit log that is whole, and stays so', async () => {
    const { log } = opened;
    expect(await log.verify()).toEqual({ intact: true, ...audit });
    await log.record({ type: 'token.issued', actor: {} });
    expect(await log.verify({ expectedHead: audit.head })).toMatchObject({ intact: true, entries: audit.entries + 1 });
  });
});
