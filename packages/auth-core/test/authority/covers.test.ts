import { describe, expect, it } from 'vitest';
import type { ArgumentConstraint, Grant, ToolRule } from '../../src/index.ts';
import { covers, FULL_GRANT } from '../words.ts';

function coverage(parent: Partial<Grant>, child: Partial<Grant>) {
  return covers([{ grant: { actions: ['chat'], ...parent }, source: 'token ci-bot' }], { actions: ['chat'], ...child });
}

type Case = [parent: Partial<Grant>, child: Partial<Grant>];

const tools = (rules: Record<string, ToolRule>): Partial<Grant> => ({ mcp: { files: { tools: rules } } });
const write = (rule: ToolRule) => tools({ write: rule });
const path = (constraint: ArgumentConstraint) => write({ arguments: { path: constraint } });

const COVERED: Case[] = [
  [{}, {}],
  [{}, { actions: [] }],
  [{ actions: ['*'] }, { actions: ['*'] }],
  [{ actions: ['chat', 'embeddings'] }, { actions: ['embeddings'] }],
  [{ models: ['ibm/*'] }, { models: ['ibm/a*', 'ibm/b'] }],
  [{ models: ['ibm/*'] }, {}],
  [{ networks: ['10.0.0.0/8'] }, { networks: ['10.1.0.0/16'] }],
  [
    {},
    {
      networks: ['10.1.0.0/16'],
      projects: ['web'],
      notBefore: '2027-01-01T00:00:00Z',
      expiresAt: '2028-01-01T00:00:00Z',
    },
  ],
  [{ projects: ['web-*'] }, { projects: ['web-a'] }],
  [{ notBefore: '2027-01-01T00:00:00Z' }, { notBefore: '2027-01-01T01:00:00+01:00' }],
  [{ expiresAt: '2028-01-01T00:00:00Z' }, { expiresAt: '2027-12-31T00:00:00Z' }],
  [{ limits: { maxOutputTokens: 9 } }, { limits: { maxOutputTokens: 9, tokensPerDay: 1 } }],
  [{ limits: { tokensPerMonth: 9 } }, { limits: { tokensPerMonth: 9 } }],
  [{ limits: { weight: 2 } }, { limits: { weight: 2 } }],
  // From code: undefined is absent.
  [{ limits: { tokensPerDay: undefined } }, {}],
  [{ limits: { weight: 2 } }, {}],
  [{ actions: ['*'] }, { limits: { weight: 50 } }],
  [{ ephemeralMcp: { hosts: ['*.a'], tools: ['*'] } }, { ephemeralMcp: { hosts: ['x.a'], tools: ['y'] } }],
  [tools({ '*': {} }), tools({ write: { approval: 'ask' } })],
  [tools({ '*': {}, write: { approval: 'ask' } }), tools({ '*': {}, write: { approval: 'ask' } })],
  [tools({ '*': {}, 'w*': { approval: 'ask' } }), tools({ 'r*': {} })],
  [tools({ '*': { approval: 'ask' } }), tools({ 'r*': { approval: 'ask' }, w: { approval: 'ask' } })],
  [tools({ '*': {} }), { mcp: { other: { tools: {} } } }],
  [write({ additionalArguments: false }), write({ additionalArguments: false })],
  [
    write({ additionalArguments: false, arguments: { a: {}, b: {} } }),
    write({ additionalArguments: false, arguments: { a: {}, b: {} } }),
  ],
  [write({ arguments: { a: {} }, additionalArguments: true }), write({ arguments: { a: {}, b: {} } })],
  [write({ arguments: { a: {} } }), write({ arguments: { a: {} } })],
  [write({ arguments: { a: {} } }), write({ arguments: { a: {} }, additionalArguments: false })],
  [write({}), write({ arguments: { a: {} } })],
  [path({ within: '/srv', hardLinks: true }), path({ within: '/srv' })],
  [path({ within: '/srv', hardLinks: true }), path({ within: '/srv', hardLinks: true })],
  [path({ hosts: ['*.a'] }), path({ hosts: ['x.a:443', 'x.a:80', 'y.a'] })],
  [path({ hosts: ['*.a:*'] }), path({ hosts: ['x.a:22', 'x.a', '*.a:*'] })],
  [path({ hosts: ['*'] }), path({ hosts: ['x.a:*', '*:22', '[::1]:8080'] })],
  [path({ within: '/srv' }), path({ within: '/srv/docs' })],
  [path({ within: '/srv/' }), path({ within: '/srv' })],
  [path({ within: '/' }), path({ within: '/srv' })],
  [path({ maxLength: 9, minLength: 1 }), path({ const: 'abc' })],
  [path({ enum: ['a', 'b'] }), path({ enum: ['b'] })],
  [path({ enum: ['a'], pattern: '^a' }), path({ enum: ['a'], pattern: '^a' })],
  [path({ enum: ['a', 'b'], pattern: 'x' }), path({ const: 'a', pattern: 'x' })],
  [path({ const: 'a', pattern: 'x' }), path({ const: 'a', pattern: 'x' })],
  [path({ type: 'number' }), path({ type: 'integer', minimum: 0 })],
  [path({ minimum: 0, maximum: 10 }), path({ minimum: 5, maximum: 5 })],
  [path({ minLength: 1 }), path({ minLength: 2 })],
  [path({ maxItems: 3, items: { maxLength: 5 } }), path({ maxItems: 3, items: { maxLength: 4 } })],
  [
    path({ properties: { a: { maxLength: 5 } }, required: ['a'] }),
    path({ properties: { a: { maxLength: 5 }, b: {} }, required: ['b', 'a'] }),
  ],
  [tools({ '*': {} }), tools({ '@readOnly': {} })],
  [tools({ '@readOnly': {} }), tools({ '@readOnly': {} })],
  [tools({ '*': {}, '@destructive': { approval: 'ask' } }), tools({ '@readOnly': {}, '@additive': {} })],
  [tools({ '*': {}, '@destructive': { approval: 'ask' } }), tools({ 'w*': { approval: 'ask' } })],
  [tools({ '**': { callsPerDay: 9 } }), tools({ '@readOnly': { callsPerDay: 9 } })],
  [tools({ '*': { callsPerDay: 9 } }), tools({ '*': { callsPerDay: 9, callsPerMinute: 1 } })],
  [tools({ 'w*': { callsPerDay: 9 } }), tools({ wa: { callsPerDay: 4 }, wb: { callsPerDay: 5 } })],
  [tools({ 'w*': { callsPerDay: 9 }, r: {} }), tools({ 'w*': { callsPerDay: 9 }, wa: {}, r: {} })],
  [tools({ '*': { callsPerDay: 9 } }), tools({})],
  [path({ hosts: ['*.a'] }), path({ hosts: ['x.a'] })],
  [path({ cidr: ['10.0.0.0/8'] }), path({ cidr: ['10.0.0.0/9'] })],
];

const BEYOND: [...Case, reason: string][] = [
  [{}, { actions: ['*'] }, 'actions'],
  [{}, { actions: ['embeddings'] }, 'actions'],
  [{ models: ['ibm/*'] }, { models: ['*'] }, 'models'],
  [{}, { models: ['a'] }, 'models'],
  [{ networks: ['10.0.0.0/8'] }, {}, 'networks'],
  [{ networks: ['10.0.0.0/8'] }, { networks: ['0.0.0.0/0'] }, 'networks'],
  [{ projects: ['web'] }, {}, 'projects'],
  [{ projects: ['web'] }, { projects: ['*'] }, 'projects'],
  [{ notBefore: '2027-01-01T00:00:00Z' }, {}, 'notBefore'],
  [{ notBefore: '2027-01-01T00:00:00Z' }, { notBefore: '2026-01-01T00:00:00Z' }, 'notBefore'],
  [{ notBefore: 'x' }, { notBefore: 'x' }, 'notBefore'],
  [{ expiresAt: '2028-01-01T00:00:00Z' }, {}, 'expiresAt'],
  [{ expiresAt: '2028-01-01T00:00:00Z' }, { expiresAt: '2029-01-01T00:00:00Z' }, 'expiresAt'],
  [{ expiresAt: '2028-01-01T00:00:00Z' }, { expiresAt: 'x' }, 'expiresAt'],
  [{ limits: { maxOutputTokens: 9 } }, {}, 'limits.maxOutputTokens'],
  [{ limits: { maxOutputTokens: 9 } }, { limits: { maxOutputTokens: 10 } }, 'limits.maxOutputTokens'],
  [{}, { limits: { weight: 2 } }, 'limits.weight'],
  [{ limits: { weight: 0.5 } }, {}, 'limits.weight'],
  [{}, { ephemeralMcp: { hosts: ['a'], tools: ['b'] } }, 'ephemeralMcp'],
  [{ ephemeralMcp: { hosts: ['a'], tools: ['b'] } }, { ephemeralMcp: { hosts: ['*'], tools: ['b'] } }, 'ephemeralMcp'],
  [{ ephemeralMcp: { hosts: ['a'], tools: ['b'] } }, { ephemeralMcp: { hosts: ['a'], tools: ['*'] } }, 'ephemeralMcp'],
  [{}, write({}), 'mcp.files.tools.write'],
  [tools({ 'r*': {} }), tools({ '*': {} }), 'mcp.files.tools["*"]'],
  [{ mcp: { files: { tools: { '*': {} } } } }, { mcp: { '*': { tools: { '*': {} } } } }, 'mcp["*"].tools["*"]'],
  [tools({ '*': {}, write: { approval: 'ask' } }), tools({ '*': {} }), 'mcp.files.tools["*"]'],
  [
    tools({ '*': {}, write: { approval: 'ask' } }),
    tools({ 'w*': {}, x: { approval: 'ask' } }),
    'mcp.files.tools["w*"]',
  ],
  [{ mcp: { '*': { tools: { '*': {}, 'w*': { approval: 'ask' } } } } }, write({}), 'mcp.files.tools.write'],
  // Of no glob is it known which classes its tools have.
  [tools({ '@readOnly': {} }), tools({ '*': {} }), 'mcp.files.tools["*"]'],
  [tools({ '@readOnly': {} }), tools({ read: {} }), 'mcp.files.tools.read'],
  [tools({ '@readOnly': {} }), tools({ '@destructive': {} }), 'mcp.files.tools["@destructive"]'],
  [tools({ '*readOnly': {} }), tools({ '@readOnly': {} }), 'mcp.files.tools["@readOnly"]'],
  [tools({ '*': {}, '@destructive': { approval: 'ask' } }), write({}), 'mcp.files.tools.write'],
  [tools({ '*': { callsPerDay: 9 } }), tools({ '*': {} }), 'mcp.files.tools["*"]'],
  [tools({ '*': { callsPerMinute: 9 } }), tools({ '*': { callsPerMinute: 10 } }), 'mcp.files.tools["*"]'],
  [tools({ '*': { callsPerMinute: 9 } }), tools({ '*': { callsPerDay: 9 } }), 'mcp.files.tools["*"]'],
  // Each rule is counted by itself, so that two of them would allow twice as much.
  [
    tools({ 'w*': { callsPerDay: 9 } }),
    tools({ wa: { callsPerDay: 5 }, wb: { callsPerDay: 5 } }),
    'mcp.files.tools.wb',
  ],
  [
    tools({ '*': { callsPerDay: 9 } }),
    tools({ '@readOnly': { callsPerDay: 9 }, a: { callsPerDay: 1 } }),
    'mcp.files.tools.a',
  ],
];

const WIDER_RULES: [parent: ToolRule, child: ToolRule][] = [
  [{ additionalArguments: false }, {}],
  [{ additionalArguments: false }, { additionalArguments: true }],
  [{ additionalArguments: false }, { additionalArguments: false, arguments: { a: {} } }],
  [{ arguments: { a: {} } }, { arguments: { a: {} }, additionalArguments: true }],
  // The definition of the tool need not name what the child names.
  [{ arguments: { a: {} } }, { arguments: { a: {}, b: {} } }],
  [{ arguments: { a: {} } }, { arguments: { a: {}, b: {} }, additionalArguments: false }],
  [{ arguments: { path: {} } }, {}],
  [{ arguments: { constructor: {} } }, { arguments: {} }],
];

const WIDER_CONSTRAINTS: [parent: ArgumentConstraint, child: ArgumentConstraint][] = [
  [{ const: 'a' }, {}],
  [{ const: 'a' }, { const: 'b' }],
  [{ enum: ['a'] }, {}],
  [{ enum: ['a'] }, { enum: ['a', 'b'] }],
  [{ type: 'string' }, {}],
  [{ type: 'integer' }, { type: 'number' }],
  [{ pattern: 'a' }, { pattern: 'ab' }],
  [{ pattern: 'a' }, { const: 'a' }],
  [{ minimum: 1 }, {}],
  [{ minimum: 1 }, { minimum: 0 }],
  [{ maximum: 1 }, {}],
  [{ maximum: 1 }, { maximum: 2 }],
  [{ minLength: 1 }, { minLength: 0 }],
  [{ maxLength: 1 }, { maxLength: 2 }],
  [{ maxLength: 1 }, { enum: ['a', 'bb'] }],
  [{ maxItems: 1 }, {}],
  [{ items: {} }, {}],
  [{ items: { maxLength: 1 } }, { items: {} }],
  [{ properties: {} }, {}],
  [{ properties: { a: {} } }, { properties: {} }],
  [{ properties: { a: { maxLength: 1 } } }, { properties: { a: {} } }],
  [{ required: ['a'] }, {}],
  [{ required: ['a'] }, { required: ['b'] }],
  [{ within: '/srv' }, {}],
  [{ within: '/srv' }, { within: '/srv-evil' }],
  [{ within: '/srv' }, { within: '/' }],
  [{ within: '/srv' }, { within: '/srv', hardLinks: true }],
  [{ hosts: ['a'] }, { hosts: ['a:8080'] }],
  [{ hosts: ['a'] }, { hosts: ['a:*'] }],
  [{ hosts: ['a:443'] }, { hosts: ['a'] }],
  [{ hosts: ['a:443'] }, { hosts: ['a:80'] }],
  [{ hosts: ['a'] }, {}],
  [{ hosts: ['a'] }, { hosts: ['*'] }],
  [{ cidr: ['10.0.0.0/8'] }, {}],
  [{ cidr: ['10.0.0.0/8'] }, { cidr: ['0.0.0.0/0'] }],
  [JSON.parse('{"not":{}}'), JSON.parse('{"not":{}}')],
  [{ maxLength: undefined } as never, { maxLength: undefined } as never],
];

describe('covers', () => {
  it.each(COVERED)('%j covers %j', (parent, child) => {
    expect(coverage(parent, child)).toEqual({ covered: true });
  });

  it.each(BEYOND)('%j does not cover %j', (parent, child, reason) => {
    expect(coverage(parent, child)).toEqual({ covered: false, reason: `${reason} goes beyond token ci-bot` });
  });

  it.each(WIDER_RULES)('the rule %j does not cover %j', (parent, child) => {
    expect(coverage(write(parent), write(child)).covered).toBe(false);
  });

  it.each(WIDER_CONSTRAINTS)('the constraint %j does not cover %j', (parent, child) => {
    expect(coverage(path(parent), path(child)).covered).toBe(false);
  });

  it('asks every grant of the authority', () => {
    const narrow: Grant = { actions: ['chat'] };
    const authority = [FULL_GRANT, narrow].map((grant, index) => ({ grant, source: `grant ${index}` }));
    expect(covers(authority, { actions: ['embeddings'] })).toEqual({
      covered: false,
      reason: 'actions goes beyond grant 1',
    });
  });

  it('covers nothing without a grant', () => {
    expect(covers([], { actions: [] }).covered).toBe(false);
  });

  it('says no when it takes too many steps, and says so', () => {
    const glob = (index: number, end: string) => `${index}*${'a'.repeat(200)}*${end}`;
    const list = (count: number, end: string) => Array.from({ length: count }, (_, index) => glob(index % 10, end));
    const models = { parent: { models: list(400, 'b') }, child: { models: list(400, 'a') } };
    expect(coverage(models.parent, models.child).covered).toBe(false);
    const rules = (end: string, rule: ToolRule) =>
      tools(Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`*${'a'.repeat(200)}${index}${end}`, rule])));
    expect(coverage(rules('b', { approval: 'ask' }), rules('a', { approval: 'ask' }))).toEqual({
      covered: false,
      reason: 'it takes too many steps to compare with token ci-bot',
    });
    // However long it is, a grant covers itself.
    const long = rules('b', { approval: 'ask', arguments: { a: { maxLength: 1 } } });
    expect(coverage(long, long)).toEqual({ covered: true });
  });
});
