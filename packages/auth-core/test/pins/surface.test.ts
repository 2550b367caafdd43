import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import * as express from '../../src/adapters/express.ts';
import * as fastify from '../../src/adapters/fastify.ts';
import * as fetchAdapter from '../../src/adapters/fetch.ts';
import * as hono from '../../src/adapters/hono.ts';
import * as checkedKeys from '../../src/checked-keys/index.ts';
import * as erasure from '../../src/erasure/index.ts';
import * as http from '../../src/http/index.ts';
import * as imports from '../../src/import/index.ts';
import * as root from '../../src/index.ts';
import * as jwt from '../../src/jwt/index.ts';
import * as keys from '../../src/keys/index.ts';
import * as words from '../../src/llm/index.ts';
import * as open from '../../src/open/index.ts';
import * as re2js from '../../src/patterns/re2js.ts';
import * as privateFiles from '../../src/private-files/index.ts';
import * as kysely from '../../src/stores/kysely/index.ts';
import * as postgres from '../../src/stores/postgres/index.ts';
import * as sqlite from '../../src/stores/sqlite/index.ts';
import * as testing from '../../src/testing/index.ts';
import * as tokenApi from '../../src/token-api/index.ts';
import * as upkeep from '../../src/upkeep/index.ts';

/*
 * What others rely on, written out. A change here is a change of the API and belongs into the change log.
 */
describe('the public surface', () => {
  it('has these doors', () => {
    expect(Object.keys(manifest.exports)).toEqual([
      '.',
      './checked-keys',
      './erasure',
      './stores/kysely',
      './stores/sqlite',
      './stores/postgres',
      './express',
      './fastify',
      './fetch',
      './hono',
      './http',
      './import',
      './jwt',
      './keys',
      './llm',
      './open',
      './private-files',
      './token-api',
      './upkeep',
      './patterns/re2js',
      './testing',
      './grant.schema.json',
      './package.json',
    ]);
  });

  it('exports these values', () => {
    expect(Object.keys(root).sort()).toEqual([
      'AUTH_ERROR_CODES',
      'AuditUnavailableError',
      'AuthError',
      'ConflictError',
      'DEFAULT_AUTH_SETTINGS',
      'GrantNotCoveredError',
      'InvalidGrantError',
      'InvalidInputError',
      'InvalidTokenError',
      'LimitExceededError',
      'MAXIMUM_ACCESS_TOKEN_SECONDS',
      'MAXIMUM_PERSONAL_ACCESS_TOKEN_SECONDS',
      'PermissionDeniedError',
      'StoreUnavailableError',
      'TOKEN_KINDS',
      'TOOL_EFFECTS',
      'TamperedLogError',
      'TokenNotFoundError',
      'WrongKeyError',
      'anonymousPrincipal',
      'argumentConditions',
      'attenuateToken',
      'budget',
      'ceiling',
      'concurrency',
      'createApiKeyFormat',
      'createAttenuatedFormat',
      'createAuditLog',
      'createAuth',
      'createCustomKeyFormat',
      'createDigest',
      'createLegacyFormat',
      'createMemoryAuditStore',
      'createMemoryLimitStore',
      'createMemoryTokenStore',
      'createMeter',
      'createPlaceBoundFormat',
      'createSealer',
      'credits',
      'defineVocabulary',
      'describeDenial',
      'foldText',
      'hosts',
      'inspectToken',
      'isAuthError',
      'matchesGlob',
      'matchesTool',
      'names',
      'placeOf',
      'rate',
      'recordAct',
      'share',
      'systemClock',
      'tools',
    ]);
    expect(Object.keys(kysely).sort()).toEqual([
      'createKyselyAuditStore',
      'createKyselyLimitStore',
      'createKyselyPersonStore',
      'createKyselySigningKeyStore',
      'createKyselyTokenStore',
      'migrate',
      'over',
      'personMigrations',
      'tokenMigrations',
    ]);
    expect(Object.keys(sqlite)).toEqual(['openSqlite']);
    expect(Object.keys(open).sort()).toEqual(['OpenAuthError', 'openAuth']);
    expect(Object.keys(privateFiles).sort()).toEqual(['createPrivateFile', 'findExposure', 'processUser', 'shellWord']);
    expect(Object.keys(postgres).sort()).toEqual(['openPostgres', 'watchPostgresTokens']);
    expect(Object.keys(http).sort()).toEqual([
      'admitOnce',
      'challenge',
      'createClientAddress',
      'createCredentialReader',
      'createRequestAuthenticator',
      'createRequestGuard',
      'fetchHost',
      'isAddressRange',
      'isGuest',
      'nodeHost',
      'notify',
      'rateLimitHeaders',
      'readCredential',
      'readFetchRequest',
      'readNodeHeaders',
      'readNodePeer',
      'readNodeRequest',
      'renderRefusal',
      'requireAccess',
      'sendFetchResponse',
      'sendRefusal',
      'toErrorDescription',
      'toFetchRequest',
      'toResponse',
      'watchCaller',
    ]);
    for (const adapter of [fetchAdapter, hono]) expect(Object.keys(adapter)).toEqual(['protect']);
    for (const adapter of [express, fastify]) expect(Object.keys(adapter).sort()).toEqual(['mount', 'protect']);
    expect(Object.keys(tokenApi)).toEqual(['createTokenApi']);
    expect(Object.keys(imports)).toEqual(['createImportedKeyFormat']);
    expect(Object.keys(keys)).toEqual(['dropFormerKeys']);
    expect(Object.keys(jwt).sort()).toEqual([
      'createAccessTokenVerifier',
      'createAccessTokens',
      'createMemorySigningKeyStore',
      'createPersonalAccessTokenFormat',
      'createSigningKeys',
      'introspectionCheck',
      'readClaims',
      'readPersonalAccessTokenId',
      'readTokenExchange',
      'renderTokenExchange',
      'scopeOf',
    ]);
    expect(Object.keys(words).sort()).toEqual(['llm', 'reviewGrant']);
    expect(Object.keys(re2js)).toEqual(['re2jsPatterns']);
    expect(Object.keys(checkedKeys).sort()).toEqual(['createCheckedKeyFormat', 'isCheckedKey']);
    expect(Object.keys(erasure).sort()).toEqual(['createMemoryPersonStore', 'createPersonalLog']);
    expect(Object.keys(upkeep).sort()).toEqual(['endUnused', 'limitTokens', 'removeEnded']);
    expect(Object.keys(testing).sort()).toEqual([
      'adapterContract',
      'auditStoreContract',
      'crashContract',
      'fixedClock',
      'limitStoreContract',
      'resourceKindContract',
      'signingKeyStoreContract',
      'tokenStoreContract',
      'writeUntilKilled',
    ]);
  });

  it('knows these actions', () => {
    expect(words.llm.actions).toEqual([
      'chat',
      'embeddings',
      'models:read',
      'models:load',
      'models:download',
      'mcp:read',
      'mcp:write',
      'approvals:decide',
      'metrics:read',
      'tokens:read',
      'tokens:write',
      'settings:read',
      'settings:write',
      'audit:read',
      'usage:read',
    ]);
  });

  it('fails with these codes', () => {
    expect(root.AUTH_ERROR_CODES).toEqual([
      'AUTH_TOKEN_MISSING',
      'AUTH_TOKEN_MALFORMED',
      'AUTH_TOKEN_UNKNOWN',
      'AUTH_TOKEN_EXPIRED',
      'AUTH_TOKEN_NOT_YET_VALID',
      'AUTH_TOKEN_REVOKED',
      'AUTH_TOKEN_ROTATED',
      'AUTH_TOKEN_WRONG_AUDIENCE',
      'AUTH_TOKEN_KIND_DISABLED',
      'AUTH_PERMISSION_DENIED',
      'AUTH_GRANT_INVALID',
      'AUTH_INPUT_INVALID',
      'AUTH_GRANT_NOT_COVERED',
      'AUTH_TOKEN_NOT_FOUND',
      'AUTH_CONFLICT',
      'AUTH_LIMIT_EXCEEDED',
      'AUTH_AUDIT_UNAVAILABLE',
      'AUTH_STORE_UNAVAILABLE',
    ]);
  });

  it('needs nothing that is not optional', () => {
    expect(manifest).not.toHaveProperty('dependencies');
    const optional = Object.entries(manifest.peerDependenciesMeta).filter(([, meta]) => meta.optional);
    expect(optional.map(([name]) => name)).toEqual(Object.keys(manifest.peerDependencies));
  });
});
