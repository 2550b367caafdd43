/* Uses the build of auth-core as an edge worker would. `web-runtime.test.ts` runs it without Node's own modules. */

import {
  AuthError,
  attenuateToken,
  createApiKeyFormat,
  createAttenuatedFormat,
  createAuth,
  createCustomKeyFormat,
  createLegacyFormat,
  createMemoryLimitStore,
  createMemoryTokenStore,
  createMeter,
  createSealer,
} from '@latchkey/auth-core';
import { challenge, createRequestAuthenticator, rateLimitHeaders } from '@latchkey/auth-core/http';
import {
  createAccessTokens,
  createAccessTokenVerifier,
  createMemorySigningKeyStore,
  createPersonalAccessTokenFormat,
  createSigningKeys,
} from '@latchkey/auth-core/jwt';
import { type Grant, llm } from '@latchkey/auth-core/llm';
import { createKyselyTokenStore, tokenMigrations } from '@latchkey/auth-core/stores/kysely';
import { limitStoreContract, tokenStoreContract } from '@latchkey/auth-core/testing';

function expectEqual(actual: unknown, expected: unknown): void {
  if (JSON.stringify(actual) === JSON.stringify(expected)) return;
  throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
}

const digestKey = crypto.getRandomValues(new Uint8Array(32));
const keys = createSigningKeys({ store: createMemorySigningKeyStore(), sealer: createSealer(digestKey) });
const issuer = 'https://models.test';
const accessTokens = createAccessTokens({ vocabulary: llm, keys, issuer });
const auth = createAuth({
  vocabulary: llm,
  store: createMemoryTokenStore(),
  digestKey,
  formats: [
    createApiKeyFormat(llm),
    createPersonalAccessTokenFormat({ key: digestKey }),
    createLegacyFormat(),
    createAttenuatedFormat(llm),
    accessTokens.format,
    createCustomKeyFormat(llm),
  ],
});
const meter = createMeter({ vocabulary: llm, store: createMemoryLimitStore() });
const authenticate = createRequestAuthenticator({ auth, basic: true });

/** Status, `RateLimit` and body. This is not a `Response`, whose body Node writes with its own `Buffer`. */
async function answer({ headers }: Request): Promise<readonly unknown[]> {
  try {
    const caller = await authenticate({ header: (name) => [headers.get(name) ?? []].flat() });
    const admission = await meter.admit(caller.principal);
    const { allowed } = caller.decide({ action: 'chat' });
    await admission.release();
    return [200, rateLimitHeaders(admission.states).RateLimit, { name: caller.principal.name, allowed }];
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return [challenge(error).status, undefined, error.code];
  }
}

const send = (authorization?: string) =>
  answer(new Request('https://models.test/', authorization === undefined ? {} : { headers: { authorization } }));

const grant: Grant = { actions: ['chat'], limits: { concurrentRequests: 1 } };
const { token, record } = await auth.issue({ name: 'ci-bot', grant }, auth.operator());
expectEqual(await send(), [401, undefined, 'AUTH_TOKEN_MISSING']);
for (const authorization of [`Bearer ${token}`, `Basic ${btoa(`proxy:${token}`)}`]) {
  expectEqual(await send(authorization), [200, '"concurrentRequests";r=0', { name: 'ci-bot', allowed: true }]);
}

const narrower = await attenuateToken(llm, token, { actions: ['embeddings'] });
expectEqual(await send(`Bearer ${narrower}`), [200, '"concurrentRequests";r=0', { name: 'ci-bot', allowed: false }]);
const access = await accessTokens.issue(await auth.verify(token), { seconds: 60 });
expectEqual(await send(`Bearer ${access.token}`), [200, '"concurrentRequests";r=0', { name: 'ci-bot', allowed: true }]);
const elsewhere = createAccessTokenVerifier({ vocabulary: llm, jwks: await keys.jwks(), issuer, audience: issuer });
expectEqual((await elsewhere.verify(access.token)).kind, 'access');
await auth.revoke(record.id, auth.operator());
for (const ended of [token, narrower, access.token]) {
  expectEqual(await send(`Bearer ${ended}`), [401, undefined, 'AUTH_TOKEN_REVOKED']);
}

const chosen = { kind: 'custom', secret: 'mXq7-Vd2k-9ZrT-w4Lp-Hs8N' } as const;
for (const kind of [{ kind: 'personal-access' }, { kind: 'legacy' }, chosen] as const) {
  const other = await auth.issue({ name: 'ci-bot', grant, ...kind }, auth.operator());
  expectEqual((await auth.verify(other.token)).kind, kind.kind);
}

for (const { run } of tokenStoreContract(async () => {
  const store = createMemoryTokenStore();
  return { open: async () => store, dispose: async () => undefined };
})) {
  await run();
}
for (const { run } of limitStoreContract(async () => {
  const store = createMemoryLimitStore();
  return { open: async () => store, dispose: async () => undefined };
})) {
  await run();
}
// A worker supplies its own dialect.
expectEqual([typeof createKyselyTokenStore, Object.keys(tokenMigrations).length > 0], ['function', true]);
await meter.close();
await auth.close();
console.log('done');
