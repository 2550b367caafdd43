import { describe, expect, it } from 'vitest';
import { call, open } from '../hosting.ts';
import { type RawServer, rawHost, Whole } from '../raw-server.ts';

const object = { type: 'object', properties: {} };
const tool = (name: string, rest: object = {}) => ({ name, inputSchema: object, ...rest });
const many = (count: number) => Array.from({ length: count }, (_, index) => tool(`tool-${index}`));

async function offered(server: RawServer, entry: Record<string, unknown> = {}) {
  const host = await rawHost({ a: server }, {}, entry);
  const toolset = await open(host, 'mcp/a');
  return {
    host,
    toolset,
    names: toolset.tools.map((one) => one.tool),
    problems: host.servers()[0]?.problems.map(({ text }) => text) ?? [],
  };
}

describe('lists with a blemish', () => {
  it.each<[string, unknown]>([
    ['null', null],
    ['empty', ''],
    ['a number', 7],
    ['an object', {}],
  ])('end where the cursor is %s', async (_, nextCursor) => {
    const { names, problems } = await offered({ list: { tools: [tool('one')], nextCursor } });
    expect(names).toEqual(['one']);
    expect(problems).toEqual([]);
  });

  it('are read once where the cursor never advances', async () => {
    const { names, problems, host } = await offered({ list: { tools: [tool('one'), tool('two')], nextCursor: 'x' } });
    expect(names).toEqual(['one', 'two']);
    expect(problems.join()).toContain('goes round in a circle');
    expect(host.asked.filter(({ method }) => method === 'tools/list').length).toBeLessThanOrEqual(2);
  });

  it('are read once where each page has a new cursor and the same tools', async () => {
    let count = 0;
    const list = () => {
      count += 1;
      return { tools: [tool('one')], nextCursor: `${count}` };
    };
    expect((await offered({ list })).names).toEqual(['one']);
    expect(count).toBeLessThanOrEqual(2);
  });

  it('are read whole over many pages, an empty one among them', async () => {
    const list = (cursor: string) => {
      const page = Number(cursor || '0');
      return { tools: page === 3 ? [] : [tool(`tool-${page}`)], ...(page < 9 ? { nextCursor: `${page + 1}` } : {}) };
    };
    expect((await offered({ list })).names).toHaveLength(9);
  });

  it.each<[string, unknown, readonly string[]]>([
    ['no list', {}, []],
    ['null', { tools: null }, []],
    ['tools by name', { tools: { one: { inputSchema: object }, two: { inputSchema: object } } }, ['one', 'two']],
    ['holes', { tools: [null, 5, 'x', [], {}, { name: null }, tool('one')], _meta: null }, ['one']],
  ])('are read as far as they go: %s', async (_, page, names) => {
    const server = { list: page as Record<string, unknown> };
    const host = await rawHost({ a: server, b: { list: { tools: [tool('good')] } } });
    expect((await open(host, 'mcp/b')).tools).toHaveLength(1);
    const opened = open(host, 'mcp/a').then(({ tools }) => tools.map((one) => one.tool));
    if (names.length === 0) await expect(opened).rejects.toMatchObject({ code: 'MCP_NO_TOOLS' });
    else expect(await opened).toEqual(names);
    expect(host.servers()[0]?.state).toBe('ready');
  });

  it('say of each odd entry what is wrong with it', async () => {
    const tools = [5, {}, { name: '' }, { name: 'a\u200Bb' }, { name: 'x'.repeat(257) }, tool('one')];
    const { problems } = await offered({ list: { tools } });
    expect(problems).toEqual([
      'A tool is not offered: its definition is not a JSON object',
      'A tool is not offered: its definition has no name',
      'A tool is not offered: its name is empty',
      'A tool is not offered: its name "a\\\\u{200B}b" has hidden characters',
      expect.stringContaining('is longer than 256 characters'),
    ]);
  });
});

describe('a tool that is listed twice', () => {
  it('is one tool where both definitions are equal, however their keys are ordered', async () => {
    const twice = [tool('one', { description: 'a' }), { description: 'a', inputSchema: object, name: 'one' }];
    const { names, problems } = await offered({ list: { tools: [...twice, tool('two')] } });
    expect(names).toEqual(['one', 'two']);
    expect(problems).toEqual([]);
  });

  it('is none where they differ: nobody could say which was approved', async () => {
    const twice = [tool('one', { description: 'a' }), tool('one', { description: 'b' }), tool('two')];
    const { names, problems } = await offered({ list: { tools: twice } });
    expect(names).toEqual(['two']);
    expect(problems.join()).toContain('one is not offered: it is defined twice, in different words');
  });
});

describe('names that clients do not take', () => {
  const odd = ['fs/read', 'read file', 'größe', '读取', 'a.b', 'x'.repeat(200), 'A', 'a', 'a/b', 'a b', '*', '../x'];

  it('are aliased: safe, distinct, and called by their own name', async () => {
    const called: string[] = [];
    const { toolset, names, problems } = await offered({
      list: { tools: odd.map((name) => tool(name)) },
      call: (name) => {
        called.push(name);
        return { content: [] };
      },
    });
    expect(names).toEqual(odd);
    expect(problems).toEqual([]);
    const aliases = toolset.tools.map(({ name }) => name);
    for (const alias of aliases) expect(alias).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    expect(new Set(aliases).size).toBe(odd.length);
    for (const alias of aliases) expect(await call(toolset, alias)).toMatchObject({ type: 'success' });
    expect(called).toEqual(odd);
  });
});

describe('very many tools', () => {
  it('are all offered, up to a thousand', async () => {
    const { names, problems } = await offered({ list: { tools: many(323) } });
    expect(names).toHaveLength(323);
    expect(problems).toEqual([]);
  });

  it('are cut after those that the mcp.json names, wherever they stand', async () => {
    const list = { tools: many(1500) };
    const { names, problems } = await offered({ list }, { allowedTools: ['tool-1499', 'tool-3'] });
    expect(problems).toEqual([]);
    expect(names).toContain('tool-1499');
    expect(names).toContain('tool-3');
  });

  it('are told where the mcp.json does not choose', async () => {
    const { names, problems } = await offered({ list: { tools: many(1500) } });
    expect(names).toHaveLength(1024);
    expect(problems.join()).toContain('The list has 1500 tools and is cut after 1024');
  });
});

describe('a server that does not declare its tools', () => {
  it('is asked nevertheless, and told', async () => {
    const { names, problems } = await offered({ initialize: { capabilities: {} }, list: { tools: [tool('one')] } });
    expect(names).toEqual(['one']);
    expect(problems.join()).toContain('does not declare them');
  });

  it('may have none', async () => {
    const refuse = (_: string, { id }: { id?: number }) =>
      new Whole({ jsonrpc: '2.0', id, error: { code: -32601, message: 'no' } });
    const host = await rawHost({ a: { initialize: { capabilities: {} }, list: refuse } });
    await expect(open(host, 'mcp/a')).rejects.toMatchObject({ code: 'MCP_NO_TOOLS' });
    expect(host.servers()[0]?.problems[0]?.text).toContain('It declares no tools');
    expect(host.servers()[0]?.state).toBe('ready');
  });
});
