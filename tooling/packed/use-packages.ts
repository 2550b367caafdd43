import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createApiKeyFormat,
  createAuditLog,
  createAuth,
  createMeter,
  createSealer,
  defineVocabulary,
  names,
  tools,
} from '@latchkey/auth-core';
import { createAccessTokens, createAccessTokenVerifier, createSigningKeys } from '@latchkey/auth-core/jwt';
import { re2jsPatterns } from '@latchkey/auth-core/patterns/re2js';
import {
  type AuditSchema,
  createKyselyAuditStore,
  createKyselyLimitStore,
  createKyselySigningKeyStore,
  createKyselyTokenStore,
  type LimitSchema,
  migrate,
  type SigningKeySchema,
  type TokenSchema,
  tokenMigrations,
} from '@latchkey/auth-core/stores/kysely';
import { openPostgres, watchPostgresTokens } from '@latchkey/auth-core/stores/postgres';
import { openSqlite } from '@latchkey/auth-core/stores/sqlite';
import { type AdmissionState, bearerAuth, limitRequests, renderAuthErrors, requireAction } from '@latchkey/koa-auth';
import Koa from 'koa';

/*
 * Uses the packages as a server does: stores, tokens, signatures, patterns, limits, the audit log, routes. Run as a
 * program in a project in which they are installed; prints the results as JSON.
 */

type Schema = TokenSchema & LimitSchema & SigningKeySchema & AuditSchema;
type Database = ReturnType<typeof openSqlite<Schema>>;

const ISSUER = 'https://invoices.example';

const vocabulary = defineVocabulary({
  actions: ['invoices:read', 'jobs:run'],
  resources: { invoices: names('invoice'), jobs: tools() },
});
const grant = {
  actions: ['invoices:read', 'jobs:run'],
  invoices: ['2026-*'],
  jobs: { reports: { tools: { print: { arguments: { month: { pattern: '^2026-(0[1-9]|1[0-2])$' } } } } } },
  limits: { requestsPerMinute: 1 },
} as const;

async function work(database: Database, watch?: ReturnType<typeof watchPostgresTokens>) {
  const digestKey = crypto.getRandomValues(new Uint8Array(32));
  await migrate(database, tokenMigrations, 'token_migrations');
  const log = createAuditLog({ store: createKyselyAuditStore(database), key: digestKey });
  const keys = createSigningKeys({ store: createKyselySigningKeyStore(database), sealer: createSealer(digestKey) });
  const accessTokens = createAccessTokens({ vocabulary, keys, issuer: ISSUER, audit: log.record });
  const auth = createAuth({
    vocabulary,
    store: createKyselyTokenStore(database, watch && { watch }),
    digestKey,
    formats: [createApiKeyFormat(vocabulary), accessTokens.format],
    patterns: re2jsPatterns,
    audit: log.record,
  });
  const meter = createMeter({ vocabulary, store: createKyselyLimitStore(database) });

  const { token, record } = await auth.issue({ name: 'ci', grant }, auth.operator());
  const caller = await auth.verify(token);
  const print = (month: string) =>
    auth.decide(caller, { action: 'jobs:run', jobs: { server: 'reports', name: 'print', arguments: { month } } });
  const access = await accessTokens.issue(caller, { audience: 'https://reports.example' });
  const jwks = await accessTokens.jwks();
  const verifier = createAccessTokenVerifier({ vocabulary, jwks, issuer: ISSUER, audience: 'https://reports.example' });

  const app = new Koa<AdmissionState>();
  app.use(renderAuthErrors({ render: ({ code }) => ({ code }) }));
  app.use(bearerAuth({ auth }));
  app.use(limitRequests({ meter }));
  app.use(requireAction('invoices:read'));
  app.use((ctx) => {
    ctx.body = { hello: ctx.state.auth.principal.name };
  });
  const server = createServer(app.callback());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = async (headers: Record<string, string> = {}) => {
    const response = await fetch(url, { headers });
    return `${response.status} ${await response.text()}`;
  };
  const mine = { authorization: `Bearer ${token}` };
  const answers = [await ask(), await ask(mine), await ask(mine)];
  await auth.revoke(record.id, auth.operator());
  answers.push(await ask(mine));
  server.close().closeAllConnections();

  const outcome = {
    verified: caller.name,
    patterns: [print('2026-12').allowed, print('2026-13').allowed],
    offline: (await verifier.verify(access.token)).name,
    answers,
    audit: (await log.list({})).map(({ type }) => type),
    intact: (await log.verify()).intact,
  };
  await log[Symbol.asyncDispose]();
  await auth.close();
  await database.destroy();
  return outcome;
}

const { POSTGRES } = process.env;
const sqlite = await work(openSqlite<Schema>('state.db'));
rmSync('state.db');
const postgres = POSTGRES === undefined ? undefined : await work(openPostgres(POSTGRES), watchPostgresTokens(POSTGRES));
console.log(JSON.stringify({ sqlite, postgres }));
