import type { TokenRecord } from '../token/token-store.ts';

/** A token with all that a record can have. */
export const FULL: TokenRecord = {
  id: 'AAAAAAAA',
  kind: 'api-key',
  name: 'ci-bot ☂ "quoted" \'; drop table tokens; --',
  notes: 'first line\nsecond line: 漢 😀 \\n',
  digest: 'd1'.repeat(32),
  attenuationKey: 'sealed key',
  previous: { digest: 'd0'.repeat(32), attenuationKey: 'sealed before', endsAt: '2027-01-31T00:00:00.000Z' },
  sealed: 'sealed text',
  metadata: { customer: 'acme', seats: [1, { of: 'two' }] },
  stub: 'key_AAAAAAAA:…',
  parentId: 'PPPPPPPP',
  caveats: [
    { grant: { actions: ['usage:read'], models: ['ibm/*'] }, source: 'caveat', id: 'caveat-1' },
    { grant: { actions: ['*'], expiresAt: '2027-05-01T00:00:00.000Z' }, source: 'caveat' },
  ],
  grant: JSON.parse('{"actions":["chat"],"mcp":{"mcp/files":{"tools":{"__proto__":{"approval":"ask"}}}}}'),
  owner: 'ada',
  project: 'web',
  createdAt: '2027-01-01T00:00:00.000Z',
  createdBy: 'local:operator',
  expiresAt: '2028-01-01T00:00:00.000Z',
  revokedAt: '2027-06-01T00:00:00.000Z',
  rotatedAt: '2027-01-30T00:00:00.000Z',
  rotateAfterSeconds: 7_776_000,
  lastUsedAt: '2027-02-01T00:00:00.000Z',
  version: 1,
};

/** A token with what each record has, and nothing else. */
export const BARE: TokenRecord = {
  id: 'BBBBBBBB',
  kind: 'api-key',
  name: 'bare',
  digest: 'd2'.repeat(32),
  grant: { actions: [] },
  owner: 'ada',
  createdAt: '2027-01-02T00:00:00.000Z',
  createdBy: 'AAAAAAAA',
  version: 1,
};

/** A time after both were made. */
export const LATER = '2027-03-01T00:00:00.000Z';
