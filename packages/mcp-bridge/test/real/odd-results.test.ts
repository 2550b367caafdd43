import { describe, expect, it } from 'vitest';
import { createMcpHost, parseMcpJson } from '../../src/index.ts';
import { call, open } from '../hosting.ts';
import { type Asked, rawHost, rawProgram, Whole } from '../raw-server.ts';

const list = { tools: [{ name: 'act', inputSchema: { type: 'object' } }] };
const text = (words: string) => ({ type: 'text', text: words });
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

async function outcomeOf(result: unknown) {
  const host = await rawHost({ a: { list, call: () => result } });
  return call(await open(host, 'mcp/a'), 'act');
}

/** Each result, the text that a model reads of it, and whether the tool says that it failed. */
const readable: readonly [string, unknown, string | RegExp][] = [
  ['null annotations and _meta', { content: [{ ...text('x'), annotations: null, _meta: null }], _meta: null }, 'x'],
  ['null members', { content: [text('x')], structuredContent: null, isError: null }, 'x'],
  ['wrong annotations', { content: [{ ...text('x'), annotations: { priority: 'high', audience: 'me' } }] }, 'x'],
  ['a number as text', { content: [{ type: 'text', text: 42 }] }, '42'],
  ['an object as text', { content: [{ type: 'text', text: { a: 1 } }] }, '{"a":1}'],
  ['null as text', { content: [{ type: 'text', text: null }, text('x')] }, '\nx'],
  ['content as text', { content: 'plain' }, 'plain'],
  ['content as one part', { content: text('one') }, 'one'],
  ['content of texts', { content: ['a', 'b', null, 3] }, 'a\nb\n3'],
  ['lists in the list', { content: [[text('a')], [[text('b')]]] }, 'a\nb'],
  ['a part without type', { content: [{ text: 'x' }] }, 'x'],
  ['an unknown part', { content: [{ type: 'table', rows: [1] }, text('x')] }, '{"type":"table","rows":[1]}\nx'],
  ['an unknown part with text', { content: [{ type: 'markdown', text: '# x' }] }, '# x'],
  ['an image without type', { content: [{ type: 'image', data: png }] }, '[image: image/png]'],
  [
    'an image as data URL',
    { content: [{ type: 'image', data: `data:image/jpeg;base64,${png}` }] },
    '[image: image/jpeg]',
  ],
  [
    'an image of a chat API',
    { content: [{ type: 'image', source: { type: 'base64', media_type: 'image/webp', data: png } }] },
    '[image: image/webp]',
  ],
  [
    'an image in lines',
    { content: [{ type: 'image', mimeType: 'image/png', data: `${png.slice(0, 20)}\n${png.slice(20)}` }] },
    '[image: image/png]',
  ],
  [
    'an image without data',
    { content: [{ type: 'image', mimeType: 'image/png' }, text('x')] },
    '[image without data]\nx',
  ],
  [
    'an image that is none',
    { content: [{ type: 'image', mimeType: 'image/png', data: '%%' }] },
    '[image whose data is no base64]',
  ],
  [
    'a link without name',
    { content: [{ type: 'resource_link', uri: 'file:///x' }] },
    '[resource file:///x: file:///x]',
  ],
  ['a resource without address', { content: [{ type: 'resource', resource: { text: 'x', mimeType: null } }] }, 'x'],
  ['structured content alone', { structuredContent: { celsius: 21 } }, '{"celsius":21}'],
  ['structured content beside nothing', { content: [text('')], structuredContent: { celsius: 21 } }, /celsius/],
  ['structured content that is a list', { content: [], structuredContent: [1, 2] }, '[1,2]'],
  ['a bare text', 'bare', 'bare'],
  ['a bare list', [text('a'), 'b'], 'a\nb'],
];

describe('results that bend the schema', () => {
  it.each(readable)('are read part by part: %s', async (_, result, words) => {
    const outcome = await outcomeOf(result);
    expect(outcome).toMatchObject({ type: 'success', isError: false });
    const read = outcome.type === 'success' ? outcome.text : '';
    if (typeof words === 'string') expect(read).toBe(words);
    else expect(read).toMatch(words);
    // What an API shows is never empty where the model read something.
    expect(outcome.type === 'success' ? JSON.parse(outcome.output) : []).not.toEqual([]);
  });

  it.each([true, 'true', 1])('are failures where isError is %j', async (isError) => {
    expect(await outcomeOf({ content: 'no', isError })).toMatchObject({ type: 'success', isError: true, text: 'no' });
  });

  it('keep the data of an image', async () => {
    const outcome = await outcomeOf({ content: [{ type: 'image', data: `data:image/png;base64,${png}` }] });
    expect(outcome).toMatchObject({ content: [{ type: 'image', data: png, mimeType: 'image/png' }] });
  });
});

/** Answers that are none, by what the caller reads. They come at once, or the test would wait a minute. */
const answers: readonly [string, (id: number | undefined) => unknown, RegExp][] = [
  ['a null result', (id) => ({ jsonrpc: '2.0', id, result: null }), /null as its result/],
  ['a number', (id) => ({ jsonrpc: '2.0', id, result: 5 }), /a number as its result/],
  ['neither result nor error', (id) => ({ jsonrpc: '2.0', id }), /neither a result nor an error/],
  ['an error as text', (id) => ({ jsonrpc: '2.0', id, error: 'disk is full' }), /refused: disk is full/],
  ['an error without code', (id) => ({ jsonrpc: '2.0', id, error: { message: 'disk is full' } }), /disk is full/],
  ['an error without message', (id) => ({ jsonrpc: '2.0', id, error: { code: 5, reason: 'full' } }), /full/],
  [
    'an error beside null',
    (id) => ({ jsonrpc: '2.0', id, result: null, error: { code: '5', message: 'full' } }),
    /full/,
  ],
  [
    'an error with a text id',
    (id) => ({ jsonrpc: '2.0', id: String(id), error: { code: 5, message: 'full' } }),
    /full/,
  ],
];

describe('an answer with the id of a call ends it', () => {
  it.each(answers)('over HTTP: %s', async (_, answer, words) => {
    const outcome = await outcomeOf(undefined).catch(() => undefined);
    expect(outcome).toBeDefined();
    const host = await rawHost({ a: { list, call: (__, { id }) => new Whole(answer(id)) } });
    const failure = await call(await open(host, 'mcp/a'), 'act');
    expect(failure).toMatchObject({ type: 'failure', kind: 'failed', reason: expect.stringMatching(words) });
    expect(host.servers()[0]?.state).toBe('ready');
  });

  it.each(answers)('in a stream of events: %s', async (_, answer, words) => {
    const asEvent = ({ id }: Asked) => new Whole(`event: message\r\ndata: ${JSON.stringify(answer(id))}\r\n\r\n`);
    const host = await rawHost({ a: { list, call: (__, asked) => asEvent(asked) } });
    const failure = await call(await open(host, 'mcp/a'), 'act');
    expect(failure).toMatchObject({ type: 'failure', kind: 'failed', reason: expect.stringMatching(words) });
  });

  it.each<[string, unknown, RegExp]>([
    ['nothing', '', /its answer is empty/],
    ['no JSON', 'oops', /its answer is not JSON/],
    ['another answer', { jsonrpc: '2.0', id: 99, result: {} }, /does not answer the request/],
    ['an error without id', { jsonrpc: '2.0', id: null, error: { code: 5, message: 'disk is full' } }, /disk is full/],
  ])('even if the body is %s', async (_, body, words) => {
    const host = await rawHost({ a: { list, call: () => new Whole(body) } });
    const failure = await call(await open(host, 'mcp/a'), 'act');
    expect(failure).toMatchObject({ type: 'failure', kind: 'failed', reason: expect.stringMatching(words) });
  });

  it.each([400, 404, 422, 500, 503])('with the words that HTTP %i has in its body', async (status) => {
    const error = { code: -32_602, message: 'the folder is locked' };
    const refuse = (_: string, { id }: Asked) => new Whole({ jsonrpc: '2.0', id, error }, status);
    const host = await rawHost({ a: { list, call: refuse } });
    const failure = await call(await open(host, 'mcp/a'), 'act');
    expect(failure).toMatchObject({ type: 'failure', reason: expect.stringContaining('the folder is locked') });
  });

  it('over standard output, in a batch and in every shape', async () => {
    const program = rawProgram(`
      const say = (result) => JSON.stringify({ jsonrpc: '2.0', id: asked.id, result });
      const serverInfo = { name: 'raw', version: '1' };
      if (asked.method === 'initialize')
        return say({ protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo });
      if (asked.method === 'tools/list')
        return '[' + say({ tools: [{ name: 'act', inputSchema: {} }], nextCursor: null }) + ']';
      if (asked.method !== 'tools/call') return undefined;
      const shape = asked.params.arguments.shape;
      if (shape === 'null') return say(null);
      if (shape === 'meta') return say({ content: [{ type: 'text', text: 'ok', annotations: null }], _meta: null });
      if (shape === 'text') return say('ok');
      if (shape === 'batch') return '[' + JSON.stringify({ jsonrpc: '2.0', method: 'x' }) + ',' + say({ content: 'ok' }) + ']';
      return JSON.stringify({ id: String(asked.id), result: { content: 'ok' } });
    `);
    const config = parseMcpJson(JSON.stringify({ mcpServers: { a: program } }), {});
    await using host = createMcpHost({ config });
    const toolset = await open(host, 'mcp/a');
    expect(await call(toolset, 'act', { shape: 'null' })).toMatchObject({ kind: 'failed' });
    for (const shape of ['meta', 'text', 'batch', 'bare']) {
      expect(await call(toolset, 'act', { shape })).toMatchObject({ type: 'success', text: 'ok' });
    }
  });
});
