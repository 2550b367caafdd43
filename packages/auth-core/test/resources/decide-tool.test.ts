import { describe, expect, it } from 'vitest';
import { type DecisionContext, type Grant, matchesTool, type ToolRequest, type ToolRule } from '../../src/index.ts';
import { re2jsPatterns } from '../../src/patterns/re2js.ts';
import { decide, parseGrant } from '../words.ts';

const context: DecisionContext = {
  now: new Date('2027-01-15T12:00:00Z'),
  patterns: re2jsPatterns,
  resolvePath: (path) => (path === '/srv/docs/gone' ? undefined : path.replace('/srv/docs/link', '/etc/passwd')),
};

function ask(mcp: unknown, tool: ToolRequest, extra: DecisionContext = context) {
  const grant: Grant = { actions: ['chat'], ...(mcp !== undefined && { mcp }) };
  return decide([{ grant, source: 'token' }], { action: 'chat', mcp: tool }, extra);
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
    expect(decide(authority, { action: 'chat', mcp: tool }, context)).toEqual(asking);
  });
});

describe('a denial', () => {
  it.each([
    '\u001b',
    '\u009b',
    '\u200b',
    '\u2028',
    '\ufe0f',
    '\u034f',
    '\u115f',
    '\u3164',
    '\u2800',
    '\u{e0041}',
    '\u{e0100}',
    '\ud800',
  ])('has no hidden character: %j', (character) => {
    const refused = ask({}, { server: `mcp/fi${character}les`, name: `wr${character}ite` });
    expect(refused).toMatchObject({ reason: 'mcp/fi?les.wr?ite is not granted' });
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

  it('are those that the grant or the definition of the tool names, where there are conditions', () => {
    const tool = { server: 'mcp/files', name: 'write', argumentNames: ['path', 'mode'] };
    const mcp = { 'mcp/files': { tools: { write: rule } } };
    const args = { path: '/srv/docs/a', mode: 'w' };
    expect(ask(mcp, { ...tool, arguments: args })).toEqual(allowed);
    expect(ask(mcp, { ...tool, arguments: { ...args, more: 1 } })).toMatchObject({
      ...denied('arguments'),
      reason: 'mcp/files.write: an argument that neither the grant nor the definition of the tool names',
    });
    // A definition that cannot be read names none.
    expect(call(rule, args)).toMatchObject(denied('arguments'));
    expect(call(rule, { path: '/srv/docs/a' })).toEqual(allowed);
    expect(call({ arguments: { __proto__x: {} } }, { __proto__x: 1, constructor: 1 })).toMatchObject(
      denied('arguments'),
    );
  });

  it('are free when the rule says so, or has no conditions', () => {
    expect(call({ ...rule, additionalArguments: true }, { path: '/srv/docs/a', mode: 'w' })).toEqual(allowed);
    expect(call({}, { mode: 'w' })).toEqual(allowed);
    expect(call({ arguments: {}, approval: 'ask' }, { mode: 'w' })).toEqual(asking);
  });

  it.each([
    ['Path', 'path'],
    ['PATH', 'path'],
    ['path ', 'path'],
    ['path.', 'path'],
    ['pa_th', 'path'],
    ['-path', 'path'],
    ['path[]', 'path'],
    ['\u{ff30}ath', 'path'],
    ['pa\u200bth', 'path'],
    ['pa\u00adth', 'path'],
    ['path\u0000', 'path'],
    ['path\ufe0f', 'path'],
    ['\u017fource', 'source'],
    ['\u212aey', 'key'],
    ['l\u0131nk', 'link'],
    ['L\u0130NK', 'link'],
    ['\ufb01le', 'file'],
    ['stra\u00dfe', 'strasse'],
    ['STRASSE', 'stra\u00dfe'],
    ['filePath', 'file_path'],
    ['file-path', 'file_path'],
    ['cafe\u0301', 'caf\u00e9'],
    ['\u03bf\u03b4\u03bf\u03c2', '\u039f\u0394\u039f\u03a3'],
  ])('never come in another spelling beside or instead of the named one: %j for %j', (other, name) => {
    const open: ToolRule = { arguments: { [name]: { const: 'good' } }, additionalArguments: true };
    expect(call(open, { [name]: 'good' })).toEqual(allowed);
    expect(call(open, { [name]: 'good', [other]: 'evil' })).toMatchObject({
      ...denied('arguments'),
      reason: expect.stringContaining('has another spelling'),
    });
    const tool = { server: 'a', name: 'b', argumentNames: [other] };
    const mcp = { a: { tools: { b: { arguments: { [name]: { const: 'good' } } } } } };
    expect(ask(mcp, { ...tool, arguments: { [name]: 'good', [other]: 'evil' } })).toMatchObject(denied('arguments'));
    for (const inner of [
      { properties: { [name]: {} } },
      { required: [name] },
      { items: { properties: { [name]: {} } } },
    ]) {
      const value = { [name]: 'good', [other]: 'evil' };
      const deep: ToolRule = { arguments: { options: inner }, additionalArguments: true };
      expect(call(deep, { options: 'items' in inner ? [value] : value })).toMatchObject(denied('arguments'));
    }
  });

  it('have one spelling only, also where the grant names two', () => {
    const both: ToolRule = { arguments: { path: {}, Path: {} } };
    expect(call(both, { path: 1, Path: 1 })).toMatchObject(denied('arguments'));
  });

  it('of other names are no other spelling', () => {
    const open: ToolRule = { arguments: { path: {} }, additionalArguments: true };
    expect(call(open, { path: 1, paths: 2, 'p\u00e4th': 3, '': 4, '+path': 5 })).toEqual(allowed);
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

describe('a class of tools', () => {
  const only = (tools: Record<string, ToolRule>) => ({ 'mcp/files': { tools } });
  const tool = (effect?: ToolRequest['effect'], args?: Record<string, unknown>): ToolRequest => ({
    server: 'mcp/files',
    name: 'write',
    ...(effect && { effect }),
    ...(args && { arguments: args }),
  });

  it.each(['readOnly', 'additive', 'destructive'] as const)('holds for the tools that are of it: %s', (effect) => {
    const others = ['readOnly', 'additive', 'destructive'].filter((other) => other !== effect);
    for (const args of [undefined, {}]) {
      expect(ask(only({ [`@${effect}`]: {} }), tool(effect, args))).toMatchObject(allowed);
      for (const other of others)
        expect(ask(only({ [`@${other}`]: {} }), tool(effect, args))).toMatchObject(denied('mcp'));
    }
  });

  it('restricts beside a glob, and only what is of it', () => {
    const mcp = only({ '*': {}, '@destructive': { approval: 'ask', arguments: { path: { const: 'a' } } } });
    expect(ask(mcp, tool('readOnly', {}))).toEqual(allowed);
    expect(ask(mcp, tool('destructive', { path: 'a' }))).toEqual(asking);
    expect(ask(mcp, tool('destructive', { path: 'b' }))).toMatchObject(denied('arguments'));
  });

  it('allows no call, and restricts every call, of a tool whose class is not known', () => {
    expect(ask(only({ '@readOnly': {} }), tool(undefined, {}))).toMatchObject(denied('mcp'));
    expect(ask(only({ '@readOnly': {}, '@additive': {}, '@destructive': {} }), tool(undefined, {}))).toMatchObject(
      denied('mcp'),
    );
    expect(ask(only({ '*': {}, '@readOnly': { approval: 'ask' } }), tool(undefined, {}))).toEqual(asking);
    // Before it is listed, it may be of any.
    expect(ask(only({ '@readOnly': {} }), tool())).toEqual(allowed);
    expect(ask(only({ '@readOnly': {} }), { server: 'mcp/files' })).toEqual(allowed);
  });

  it('is no glob, and no glob is a class', () => {
    expect(ask(only({ '@*': {} }), tool('readOnly', {}))).toMatchObject(denied('mcp'));
    expect(ask(only({ '*readOnly': {} }), tool('readOnly', {}))).toMatchObject(denied('mcp'));
    expect(matchesTool('w*', { name: 'write' })).toBe(true);
    expect(matchesTool('@additive', { name: 'write', effect: 'additive' })).toBe(true);
    expect(matchesTool('@additive', { name: 'write', effect: 'readOnly' })).toBe(false);
  });

  it('is one of three, or the grant is refused', () => {
    const parse = (key: string) => parseGrant({ actions: ['chat'], mcp: only({ [key]: {} }) });
    expect(() => parse('@readonly')).toThrow(
      'mcp["mcp/files"].tools["@readonly"] is not a class of tools: @readOnly, @additive, @destructive',
    );
    expect(() => parse('@readOnly')).not.toThrow();
  });
});

describe('how often a rule allows calls', () => {
  const grant: Grant = {
    actions: ['chat'],
    mcp: {
      'mcp/*': { tools: { '*': {}, 'w*': { callsPerMinute: 2 }, '@destructive': { callsPerDay: 5 } } },
      'mcp/files': { tools: { write: { callsPerDay: 3 }, read: { callsPerDay: 1 } } },
    },
  };
  const request = {
    action: 'chat',
    mcp: { server: 'mcp/files', name: 'write', effect: 'destructive', arguments: {} },
  } as const;

  it('is part of the decision: each rule that matches, with the grant that it counts for', () => {
    const own = { source: 'token ci', id: 'ci' };
    const decision = decide(
      [
        { grant, ...own },
        { grant, source: 'request' },
      ],
      request,
      context,
    );
    expect(decision).toEqual({
      ...allowed,
      uses: [
        { name: 'callsPerMinute', limit: 2, window: 'minute', rule: 'mcp["mcp/*"].tools["w*"]', ...own },
        { name: 'callsPerDay', limit: 5, window: 'day', rule: 'mcp["mcp/*"].tools["@destructive"]', ...own },
        { name: 'callsPerDay', limit: 3, window: 'day', rule: 'mcp["mcp/files"].tools.write', ...own },
      ],
    });
  });

  it('is no part of it where no rule says so', () => {
    const other = { ...request, mcp: { ...request.mcp, name: 'other', effect: 'readOnly' } } as const;
    expect(decide([{ grant, source: 'token ci', id: 'ci' }], other, context)).toEqual(allowed);
  });

  it.each([0, -1, 1.5, '3'])('is a whole number above 0: %j', (callsPerDay) => {
    expect(() => parseGrant({ actions: ['chat'], mcp: { a: { tools: { b: { callsPerDay } } } } })).toThrow(
      'callsPerDay',
    );
  });
});
