import { createAuditLog, createMemoryAuditStore } from '@latchkey/auth-core';
import type { Grant, TokenInfo } from '@latchkey/auth-core/llm';
import { describe, expect, it } from 'vitest';
import { withoutAbsent } from '../../src/config/without-absent.ts';
import { narrowedGrant, reviewTokens } from '../../src/hygiene/review-tokens.ts';
import { readToolUses, type ToolUses } from '../../src/hygiene/tool-uses.ts';

const NOW = new Date('2027-06-01T00:00:00Z');
const LIMITED: Grant = { actions: ['chat'], models: ['*'], limits: { requestsPerMinute: 5 } };
/** Fields of a token; undefined for one that is absent. */
type Fields = { readonly [Name in keyof TokenInfo]?: TokenInfo[Name] | undefined };

const token = (more: Fields = {}): TokenInfo =>
  withoutAbsent({
    id: 'aaaaaaaa',
    kind: 'api-key',
    name: 'ci',
    grant: LIMITED,
    owner: 'ada',
    createdAt: '2027-01-01T00:00:00.000Z',
    lastUsedAt: '2027-05-31T00:00:00.000Z',
    expiresAt: '2027-12-01T00:00:00Z',
    rotateAfter: '2027-04-01T00:00:00.000Z',
    rotationDue: true,
    createdBy: 'operator',
    ...more,
  }) as TokenInfo;
const TOOLS = ['read_file', 'write_file', 'delete_file'].map((name) => ({ server: 'mcp/files', name }));
const usesOf = (...names: readonly string[]): ToolUses => ({
  since: '2027-03-03T00:00:00.000Z',
  usedBy: () => names.map((name) => ({ server: 'mcp/files', name })),
});
const kinds = (tokens: readonly TokenInfo[], uses?: ToolUses) =>
  reviewTokens({ tokens, now: NOW, uses, tools: TOOLS }).map(({ token: { id }, kind }) => `${id} ${kind}`);

describe('what the operator of tokens should look at', () => {
  it('is nothing for a token that is used, ends, and has limits', () => {
    expect(kinds([token()])).toEqual([]);
  });

  it.each<[string, Fields, string]>([
    ['expires-soon', { expiresAt: '2027-06-07T00:00:00Z' }, '2027-06-07'],
    ['never-used', { lastUsedAt: undefined }, '2027-01-01'],
    ['idle', { lastUsedAt: '2027-03-01T00:00:00.000Z' }, '2027-03-01'],
    ['no-expiry', { expiresAt: undefined }, 'never expires'],
    ['no-limits', { grant: { actions: ['chat'], limits: { weight: 2 } } }, 'no limits'],
  ])('is %s', (kind, more, words) => {
    const found = reviewTokens({ tokens: [token(more)], now: NOW, uses: undefined, tools: [] });
    expect(found).toEqual([
      {
        kind,
        token: { id: 'aaaaaaaa', name: 'ci', owner: 'ada', project: null },
        message: expect.stringContaining(words),
      },
    ]);
  });

  it.each<[string, Fields]>([
    ['was revoked', { revokedAt: '2027-05-01T00:00:00Z' }],
    ['has expired', { expiresAt: '2027-05-01T00:00:00Z' }],
    ['has a grant that has expired', { grant: { ...LIMITED, expiresAt: '2027-05-01T00:00:00Z' } }],
    ['was made today', { createdAt: '2027-05-31T12:00:00Z', lastUsedAt: undefined }],
    ['has an end in its grant', { expiresAt: undefined, grant: { ...LIMITED, expiresAt: '2028-01-01T00:00:00Z' } }],
  ])('is not a token that %s', (_, more) => {
    expect(kinds([token(more)])).toEqual([]);
  });

  it('is no derived token that has its end and its limits from the one above it, and none of one that has ended', () => {
    const child = token({
      id: 'bbbbbbbb',
      parentId: 'aaaaaaaa',
      expiresAt: undefined,
      grant: { actions: ['chat'] },
    });
    expect(kinds([token(), child])).toEqual([]);
    expect(kinds([token({ revokedAt: '2027-05-01T00:00:00Z' }), child])).toEqual([]);
  });
});

describe('a token that is wider than its use', () => {
  const wide = (mcp: Grant['mcp']): TokenInfo => token({ grant: { ...LIMITED, ...(mcp && { mcp }) } });

  it('is found with the number of tools, and narrowed to those that it has called', () => {
    const one = wide({ 'mcp/*': { tools: { '*': {} } } });
    const uses = usesOf('read_file');
    const [found] = reviewTokens({ tokens: [one], now: NOW, uses, tools: TOOLS });
    expect(found).toMatchObject({ kind: 'wider-than-used', tools: { used: 1, allowed: 3 } });
    expect(found?.message).toBe('It used 1 of 3 tools since 2027-03-03. Narrow its grant to those.');
    expect(narrowedGrant(one, uses, NOW)).toEqual({ ...LIMITED, mcp: { 'mcp/files': { tools: { read_file: {} } } } });
  });

  it('keeps the approval and the conditions of a tool', () => {
    const rule = { approval: 'ask', arguments: { path: { within: '/srv' } } } as const;
    const one = wide({ 'mcp/files': { tools: { 'w*': rule, 'read_*': {}, '*': {} } } });
    expect(narrowedGrant(one, usesOf('read_file', 'write_file'), NOW)?.mcp).toEqual({
      'mcp/files': { tools: { read_file: {}, write_file: rule } },
    });
  });

  it('is not narrowed where several conditions hold for one tool', () => {
    const one = wide({
      'mcp/files': { tools: { 'w*': { approval: 'ask' }, '*': { arguments: { path: { within: '/srv' } } } } },
    });
    expect(narrowedGrant(one, usesOf('write_file'), NOW)).toBeUndefined();
  });

  it.each([
    [
      'calls all that it may',
      wide({ 'mcp/files': { tools: { '*': {} } } }),
      usesOf('read_file', 'write_file', 'delete_file'),
    ],
    ['has called no tool', wide({ '*': { tools: { '*': {} } } }), usesOf()],
    ['called what it may no longer', wide({ 'mcp/files': { tools: { read_file: {} } } }), usesOf('read_file', 'gone')],
  ])('is not one that %s', (_, one, uses) => {
    expect(kinds([one], uses)).toEqual([]);
  });
});

describe('which tools were called', () => {
  const newLog = () => createAuditLog({ store: createMemoryAuditStore(), key: new Uint8Array(32), clock: () => NOW });
  const since = '2027-03-01T00:00:00Z';
  const called = (id: string, rootId: string, name: string) =>
    ({ type: 'tool.called', actor: { id, rootId }, subject: `mcp/files ${name}` }) as const;

  it('counts for each token above the one that called', async () => {
    await using log = newLog();
    const tokens = [
      token(),
      token({ id: 'bbbbbbbb', parentId: 'aaaaaaaa' }),
      token({ id: 'cccccccc', parentId: 'bbbbbbbb' }),
    ];
    await log.record(called('cccccccc', 'aaaaaaaa', 'read_file'));
    await log.record(called('aaaaaaaa', 'aaaaaaaa', 'write_file'));
    const uses = await readToolUses(log, tokens, since);
    const namesOf = (id: string) => uses?.usedBy(id)?.map(({ name }) => name);
    expect([namesOf('cccccccc'), namesOf('bbbbbbbb'), namesOf('aaaaaaaa')]).toEqual([
      ['read_file'],
      ['read_file'],
      ['read_file', 'write_file'],
    ]);
  });

  it('is not known of a token below a root whose unstored tokens have called', async () => {
    await using log = newLog();
    await log.record(called('zzzzzzzz', 'aaaaaaaa', 'read_file'));
    const uses = await readToolUses(log, [token(), token({ id: 'bbbbbbbb', parentId: 'aaaaaaaa' })], since);
    expect(uses?.usedBy('bbbbbbbb')).toBeUndefined();
    expect(uses?.usedBy('aaaaaaaa')).toEqual([{ server: 'mcp/files', name: 'read_file' }]);
  });

  it('is not known at all where there are more calls than are read', async () => {
    const entry = { seq: 1, at: since, ...called('aaaaaaaa', 'aaaaaaaa', 'read_file') };
    const list = async () => Array.from({ length: 1000 }, () => entry) as never;
    expect(await readToolUses({ list }, [token()], since)).toBeUndefined();
  });
});
