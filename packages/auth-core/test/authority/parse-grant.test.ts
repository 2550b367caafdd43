import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AuthError, InvalidGrantError } from '../../src/index.ts';
import { re2jsPatterns } from '../../src/patterns/re2js.ts';
import { FULL_GRANT, llm, parseGrant } from '../words.ts';

const DOCUMENT = {
  actions: ['chat', 'embeddings', 'models:read'],
  models: ['ibm/*', 'latchkey/nano'],
  mcp: {
    'mcp/tiktoken': { tools: { 'fetch_*': {} } },
    'mcp/files': {
      tools: {
        read_text_file: { arguments: { path: { within: '/srv/docs' } }, additionalArguments: false },
        write_file: {
          approval: 'ask',
          arguments: {
            content: { type: 'string', minLength: 1, maxLength: 4000, pattern: '^[^<]*$' },
            mode: { enum: ['w', 'a', null, 3] },
            flag: { const: { nested: [true] } },
            size: { minimum: 1, maximum: 2.5 },
            urls: { maxItems: 3, items: { hosts: ['*.example.com'] } },
            target: { properties: { address: { cidr: ['10.0.0.0/8'] } }, required: ['address'] },
          },
        },
      },
    },
  },
  ephemeralMcp: { hosts: ['*.example.com'], tools: ['*'] },
  networks: ['10.0.0.0/8', '::1'],
  projects: ['web'],
  notBefore: '2027-01-01T00:00:00Z',
  expiresAt: '2028-01-01T00:00:00Z',
  limits: {
    requestsPerMinute: 60,
    tokensPerDay: 200000,
    concurrentRequests: 2,
    maxOutputTokens: 2048,
    toolCallsPerRequest: 8,
    weight: 0.5,
  },
};

function failure(value: unknown, options = {}): AuthError {
  try {
    parseGrant(value, options);
  } catch (error) {
    if (error instanceof AuthError) return error;
  }
  throw new Error('it was not refused');
}

const withTool = (rule: unknown) => ({ actions: [], mcp: { 'mcp/files': { tools: { write_file: rule } } } });
const withConstraint = (constraint: unknown) => withTool({ arguments: { content: constraint } });

const manyNames = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`${index}${'x'.repeat(200)}`, {}]));

describe('parseGrant', () => {
  it('reads everything that a grant may say', () => {
    expect(parseGrant(DOCUMENT, { patterns: re2jsPatterns })).toEqual(DOCUMENT);
    expect(parseGrant(FULL_GRANT)).toEqual(FULL_GRANT);
    expect(parseGrant({ actions: ['*', ...llm.actions] }).actions).toHaveLength(16);
  });

  it('lets a file name the schema for its editor, and leaves that out of the grant', () => {
    const $schema = './node_modules/@latchkey/auth-core/grant.schema.json';
    const grant = parseGrant({ $schema, ...DOCUMENT });
    expect(grant).toEqual(DOCUMENT);
    expect(grant).not.toHaveProperty('$schema');
    expect(Object.isFrozen(grant)).toBe(true);
    expect(failure({ $schema: 1, actions: [] })).toMatchObject({ code: 'AUTH_GRANT_INVALID', path: '["$schema"]' });
    expect(failure(withTool({ $schema })).code).toBe('AUTH_GRANT_INVALID');
  });

  it('returns a frozen copy, so that nobody can change a grant that was read', () => {
    const original = structuredClone(DOCUMENT);
    const grant = parseGrant(original);
    original.actions.push('*');
    expect(grant.actions).not.toContain('*');
    expect(() => Object.assign(grant.limits ?? {}, { weight: 9 })).toThrow(TypeError);
    expect(() => (grant.actions as string[]).push('*')).toThrow(TypeError);
  });

  it.each<[path: string, value: unknown]>([
    ['', undefined],
    ['', null],
    ['', []],
    ['', 'chat'],
    ['', new Map()],
    ['actions', {}],
    ['actions', { actions: 'chat' }],
    ['actions[1]', { actions: ['chat', 'chat:*'] }],
    ['actions[0]', { actions: [null] }],
    ['model', { actions: [], model: ['x'] }],
    ['constructor', { actions: [], constructor: 1 }],
    ['__proto__', JSON.parse('{"actions":[],"__proto__":{}}')],
    ['models', { actions: [], models: '*' }],
    ['models[0]', { actions: [], models: [''] }],
    ['models[0]', { actions: [], models: ['x'.repeat(257)] }],
    ['models[0]', { actions: [], models: [undefined] }],
    ['mcp', { actions: [], mcp: [] }],
    ['mcp["mcp/files"]', { actions: [], mcp: { 'mcp/files': [] } }],
    ['mcp.files.tools', { actions: [], mcp: { files: {} } }],
    ['mcp.files.tools', { actions: [], mcp: { files: { tools: ['*'] } } }],
    ['mcp.files.tool', { actions: [], mcp: { files: { tools: {}, tool: {} } } }],
    ['mcp["mcp/files"].tools.write_file', withTool(true)],
    ['mcp["mcp/files"].tools.write_file.approval', withTool({ approval: 'auto' })],
    ['mcp["mcp/files"].tools.write_file.args', withTool({ args: {} })],
    ['mcp["mcp/files"].tools.write_file.additionalArguments', withTool({ additionalArguments: 'no' })],
    ['mcp["mcp/files"].tools.write_file.arguments.content', withConstraint('x')],
    ['mcp["mcp/files"].tools.write_file.arguments.content.maxLength', withConstraint({ maxLength: 'many' })],
    ['mcp["mcp/files"].tools.write_file.arguments.content.maxLength', withConstraint({ maxLength: -1 })],
    ['mcp["mcp/files"].tools.write_file.arguments.content.maxLength', withConstraint({ maxLength: 1.5 })],
    ['mcp["mcp/files"].tools.write_file.arguments.content.not', withConstraint({ not: {} })],
    ['mcp["mcp/files"].tools.write_file.arguments.content.type', withConstraint({ type: 'date' })],
    ['mcp["mcp/files"].tools.write_file.arguments.content.items["$ref"]', withConstraint({ items: { $ref: '#' } })],
    ['mcp["mcp/files"].tools.write_file.arguments.content.hosts[0]', withConstraint({ hosts: ['Example.com'] })],
    [
      'mcp["mcp/files"].tools.write_file.arguments.content.items.cidr[1]',
      withConstraint({ items: { cidr: ['::1', 'x'] } }),
    ],
    [
      'mcp["mcp/files"].tools.write_file.arguments.content.properties["a b"].cidr[0]',
      withConstraint({ properties: { 'a b': { cidr: ['x'] } } }),
    ],
    ['ephemeralMcp.tools', { actions: [], ephemeralMcp: { hosts: ['*'] } }],
    ['ephemeralMcp.hosts[0]', { actions: [], ephemeralMcp: { hosts: ['EXAMPLE.com'], tools: [] } }],
    ['networks[0]', { actions: [], networks: ['10.0.0.1/8'] }],
    ['projects[0]', { actions: [], projects: [1] }],
    ['notBefore', { actions: [], notBefore: '2027-01-01' }],
    ['expiresAt', { actions: [], expiresAt: 1799999999 }],
    ['limits.weight', { actions: [], limits: { weight: 0 } }],
    ['limits.maxOutputTokens', { actions: [], limits: { maxOutputTokens: null } }],
    ['limits.tokensPerDay', { actions: [], limits: { tokensPerDay: Number.NaN } }],
    ['limits.requests', { actions: [], limits: { requests: 1 } }],
  ])('refuses what is wrong at "%s": %j', (path, value) => {
    expect(failure(value)).toMatchObject({ code: 'AUTH_GRANT_INVALID', path });
  });

  it('says what would have been right', () => {
    expect(failure({ actions: ['chatt'] }).message).toContain('known are: *, chat, embeddings');
    expect(failure({ actions: [], modles: [] }).message).toContain('known are: actions, models');
  });

  it('puts the place of the grant before the path', () => {
    expect(failure({ actions: [], networks: ['x'] }, { at: 'grant' })).toMatchObject({ path: 'grant.networks[0]' });
    expect(failure(undefined, { at: 'grant' })).toMatchObject({ path: 'grant' });
  });

  it('refuses a pattern that does not compile, when it is given an engine', () => {
    const value = withConstraint({ pattern: '(?=lookahead)' });
    expect(failure(value, { patterns: re2jsPatterns })).toMatchObject({
      path: 'mcp["mcp/files"].tools.write_file.arguments.content.pattern',
    });
    expect(() => parseGrant(value)).not.toThrow();
  });

  it.each(['(?:x{0,1000}y?)'.repeat(28), '((a{10}){10}){50}', '\\Q(\\E'])(
    'refuses a pattern that is too large when it is written out: %s',
    (pattern) => {
      const path = 'mcp["mcp/files"].tools.write_file.arguments.content.pattern';
      expect(failure(withConstraint({ pattern }))).toMatchObject({ path });
      expect(failure(withConstraint({ pattern }), { patterns: re2jsPatterns })).toMatchObject({ path });
    },
  );

  it('refuses patterns that take too long to be made ready together', () => {
    const grant = (pattern: string, count: number) => ({
      actions: [],
      mcp: {
        files: {
          tools: {
            read: {
              arguments: Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, { pattern }])),
            },
          },
        },
      },
    });
    const letters = '^[\\p{L}\\p{N}\\p{S}\\p{P}\\p{M}\\p{Z}]$';
    expect(() => parseGrant(grant(letters, 50), { patterns: re2jsPatterns })).not.toThrow();
    expect(() => parseGrant(grant('^[a-z0-9._-]{1,20}$', 400), { patterns: re2jsPatterns })).not.toThrow();
    expect(failure(grant(letters, 300))).toMatchObject({ path: expect.stringMatching(/arguments\.a1\d\d\.pattern$/) });
  });

  it.each<[string, unknown]>([
    ['too deep', withConstraint(Array.from({ length: 30 }).reduce<object>((items) => ({ items }), {}))],
    ['too many values', { actions: [], models: Array.from({ length: 2000 }, () => 'a') }],
    ['a text too long', withConstraint({ const: 'x'.repeat(1025) })],
    ['too many globs in a list', { actions: [], models: Array.from({ length: 501 }, (_, index) => `m${index}`) }],
    [
      'too many servers',
      { actions: [], mcp: Object.fromEntries(Array.from({ length: 501 }, (_, index) => [`s${index}`, { tools: {} }])) },
    ],
    ['too many stars in a glob', { actions: [], projects: ['a*'.repeat(9)] }],
    ['too many stars in the name of a tool', { actions: [], mcp: { a: { tools: { ['*a'.repeat(9)]: {} } } } }],
    ['too many stars in a host', withConstraint({ hosts: ['*.'.repeat(9)] })],
    ['too many characters', withConstraint({ enum: Array.from({ length: 70 }, () => 'x'.repeat(1000)) })],
    ['too many characters in names', { actions: [], mcp: { a: { tools: manyNames } } }],
    ['a pattern that is dear to compile', withConstraint({ pattern: `[${'\\pL'.repeat(100)}]` })],
    ['hard links without a folder', withConstraint({ hardLinks: true })],
    ['a key too long', { actions: [], mcp: { ['x'.repeat(257)]: { tools: {} } } }],
  ])('refuses %s', (_, value) => {
    expect(failure(value).code).toBe('AUTH_GRANT_INVALID');
  });

  it('refuses a document that holds itself', () => {
    const loop: Record<string, unknown> = { actions: [] };
    loop.mcp = loop;
    expect(failure(loop).code).toBe('AUTH_GRANT_INVALID');
  });

  it.each([() => 1, 1n, Symbol('x'), new Date(), Number.POSITIVE_INFINITY])(
    'refuses what JSON cannot hold',
    (value) => {
      expect(failure(withConstraint({ const: value })).code).toBe('AUTH_GRANT_INVALID');
    },
  );

  it('reads objects without a prototype, as some JSON readers make them', () => {
    expect(parseGrant(Object.assign(Object.create(null), { actions: ['chat'] }))).toEqual({ actions: ['chat'] });
  });

  it('reads back what it wrote, and refuses everything else with a path', () => {
    const key = fc.constantFrom('actions', 'models', 'mcp', 'limits', 'tools', 'arguments', 'networks', '__proto__');
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('*', 'chat', '10.0.0.0/8', 1, null, true),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(key, tie('node'), { maxKeys: 4 }),
      ),
    })).node;
    fc.assert(
      fc.property(fc.oneof(tree, fc.anything()), (value) => {
        try {
          const grant = parseGrant(value);
          expect(parseGrant(JSON.parse(JSON.stringify(grant)))).toEqual(grant);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidGrantError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('llm.grantSchema', () => {
  it('is JSON, and says of every object which keys it knows', () => {
    const open: string[] = [];
    JSON.parse(JSON.stringify(llm.grantSchema), function visit(key, value) {
      const isObjectSchema = value !== null && typeof value === 'object' && value.type === 'object';
      if (isObjectSchema && !Object.hasOwn(value, 'additionalProperties')) open.push(key);
      return value;
    });
    expect(open).toEqual([]);
  });
});
