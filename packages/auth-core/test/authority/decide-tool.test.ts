import { describe, expect, it } from 'vitest';
import { type DecisionContext, decide, type Grant, type ToolRequest, type ToolRule } from '../../src/index.ts';
import { re2jsPatterns } from '../../src/patterns/re2js.ts';

const context: DecisionContext = {
  now: new Date('2027-01-15T12:00:00Z'),
  patterns: re2jsPatterns,
  resolvePath: (path) => (path === '/srv/docs/gone' ? undefined : path.replace('/srv/docs/link', '/etc/passwd')),
};

function ask(mcp: Grant['mcp'], tool: ToolRequest, extra: DecisionContext = context) {
  const grant: Grant = { actions: ['chat'], ...(mcp && { mcp }) };
  return decide([{ grant, source: 'token' }], { action: 'chat', tool }, extra);
}

/** Asks to call mcp/files.write under one rule for it. */
function call(rule: ToolRule, args: Record<string, unknown>, extra?: DecisionContext) {
  return ask(
    { 'mcp/files': { tools: { write: rule } } },
    { server: 'mcp/files', name: 'write', arguments: args },
    extra,
  );
}

const allowed = { allowed: true, approval: false };
const asking = { allowed: true, approval: true };
const denied = (rule: string) => ({ allowed: false, rule });

describe('a tool', () => {
  const mcp: Grant['mcp'] = { 'mcp/files': { tools: { 'read_*': {} } }, 'web-*': { tools: { '*': {} } } };

  it.each<[ToolRequest, boolean]>([
    [{ server: 'mcp/files', name: 'read_text' }, true],
    [{ server: 'mcp/files', name: 'write_text' }, false],
    [{ server: 'mcp/other', name: 'read_text' }, false],
    [{ server: 'web-search', name: 'anything' }, true],
    [{ server: 'mcp/files' }, true],
    [{ server: 'mcp/other' }, false],
    [{ server: '__proto__', name: 'toString' }, false],
    [{ server: 'constructor' }, false],
    [{ server: 'mcp/files', name: '__proto__' }, false],
  ])('%j: %s', (tool, expected) => {
    expect(ask(mcp, tool)).toMatchObject(expected ? allowed : denied('mcp'));
  });

  it('is denied by a grant that mentions no servers, and by a server without tools', () => {
    expect(ask(undefined, { server: 'a', name: 'b' })).toMatchObject(denied('mcp'));
    expect(ask({ a: { tools: {} } }, { server: 'a' })).toMatchObject(denied('mcp'));
  });
});

describe('rules that match the same tool', () => {
  const tool = { server: 'mcp/files', name: 'write', arguments: { path: '/etc/passwd' } };
  const narrow: ToolRule = { arguments: { path: { within: '/srv' } } };

  it.each<[string, Grant['mcp']]>([
    ['in one server', { 'mcp/files': { tools: { '*': {}, write: narrow } } }],
    ['in the other order', { 'mcp/files': { tools: { write: narrow, '*': {} } } }],
    ['in two server globs', { 'mcp/*': { tools: { '*': {} } }, 'mcp/files': { tools: { write: narrow } } }],
    ['behind a star', { '*': { tools: { 'w*': narrow } }, 'mcp/files': { tools: { write: {} } } }],
  ])('must all hold, %s', (_, mcp) => {
    expect(ask(mcp, tool)).toMatchObject(denied('arguments'));
  });

  it.each<[string, Grant['mcp']]>([
    ['the first', { 'mcp/files': { tools: { 'w*': { approval: 'ask' } } }, '*': { tools: { '*': {} } } }],
    ['the last', { '*': { tools: { '*': {} } }, 'mcp/files': { tools: { 'w*': { approval: 'ask' } } } }],
  ])('ask for approval when one of them does, be it %s', (_, mcp) => {
    expect(ask(mcp, tool)).toEqual(asking);
    expect(ask(mcp, { server: 'mcp/files', name: 'read' })).toEqual(allowed);
  });

  it('ask for approval when one of the grants does', () => {
    const plain: Grant = { actions: ['chat'], mcp: { '*': { tools: { '*': {} } } } };
    const careful: Grant = { actions: ['chat'], mcp: { '*': { tools: { '*': { approval: 'ask' } } } } };
    const authority = [plain, careful, plain].map((grant) => ({ grant, source: 'x' }));
    expect(decide(authority, { action: 'chat', tool }, context)).toEqual(asking);
  });
});

describe('arguments', () => {
  const rule: ToolRule = { arguments: { path: { within: '/srv/docs' } } };

  it('are left aside while tools are listed', () => {
    expect(ask({ a: { tools: { b: rule } } }, { server: 'a', name: 'b' })).toEqual(allowed);
  });

  it('must be present when they are constrained', () => {
    expect(call(rule, {})).toMatchObject({
      ...denied('arguments'),
      reason: 'mcp/files.write: argument path is missing',
    });
    expect(call(rule, { path: undefined })).toMatchObject(denied('arguments'));
    expect(call({ arguments: { path: {} } }, {})).toMatchObject(denied('arguments'));
  });

  it('are free when they are not mentioned', () => {
    expect(call(rule, { path: '/srv/docs/a', mode: 'w' })).toEqual(allowed);
  });

  it('are confined to those that are mentioned when the rule says so', () => {
    const closed: ToolRule = { ...rule, additionalArguments: false };
    expect(call(closed, { path: '/srv/docs/a' })).toEqual(allowed);
    expect(call(closed, { path: '/srv/docs/a', mode: 'w' })).toMatchObject(denied('arguments'));
    expect(call({ additionalArguments: false }, {})).toEqual(allowed);
    expect(call({ additionalArguments: false }, JSON.parse('{"__proto__":1}'))).toMatchObject(denied('arguments'));
    expect(call({ additionalArguments: false }, { toString: 1 })).toMatchObject(denied('arguments'));
  });

  it('are looked for among the own ones only', () => {
    expect(call({ arguments: { constructor: {} } }, {})).toMatchObject(denied('arguments'));
    expect(call(JSON.parse('{"arguments":{"__proto__":{"const":1}}}'), {})).toMatchObject(denied('arguments'));
    expect(call(JSON.parse('{"arguments":{"__proto__":{"const":1}}}'), JSON.parse('{"__proto__":1}'))).toEqual(allowed);
  });

  it.each([[], null, 'text'])('are denied when they are no object: %j', (value) => {
    expect(call({}, value as never)).toMatchObject(denied('arguments'));
  });

  it.each(['/srv/docs-evil/a', '/srv/docs/../x', '/srv', '/srv/docs/link', '/srv/docs/gone', 7])(
    'stay within their folder: %s',
    (path) => {
      expect(call(rule, { path })).toMatchObject(denied('arguments'));
    },
  );

  it('are denied when nobody can say where a path leads or what a pattern means', () => {
    const bare = { now: context.now };
    expect(call(rule, { path: '/srv/docs/a' }, bare)).toMatchObject(denied('arguments'));
    expect(call({ arguments: { q: { pattern: 'a' } } }, { q: 'a' }, bare)).toMatchObject(denied('arguments'));
    expect(call({ arguments: { q: { pattern: 'a' } } }, { q: 'a' })).toEqual(allowed);
  });

  it('are told by name and place, never by value', () => {
    const nested: ToolRule = { arguments: { list: { items: { properties: { a: { maxLength: 1 } } } } } };
    expect(call(nested, { list: [{ a: 'x' }, { a: 'secret' }] })).toMatchObject({
      reason: 'mcp/files.write: argument list[1].a longer than 1',
    });
    const closed = call({ additionalArguments: false }, { 'the secret': 1 });
    expect(JSON.stringify(closed)).not.toContain('the secret');
  });
});
