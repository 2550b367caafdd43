import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { isSpecType } from '@modelcontextprotocol/client';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { call, open } from '../hosting.ts';
import { rawHost } from '../raw-server.ts';

// A published server stands on the first line of the SDK; its clients take lists by these schemas.
const require = createRequire(import.meta.url);
const ofServer = createRequire(require.resolve('@modelcontextprotocol/server-everything/package.json'));
const { ListToolsResultSchema, CallToolResultSchema } = await import(
  pathToFileURL(ofServer.resolve('@modelcontextprotocol/sdk/types.js')).href
);

const words = fc.constantFrom('a', 'b', 'id', 'type', 'properties', '$ref', 'constructor', '__proto__', 'größe', 'x y');
const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.string(),
  fc.constantFrom('#', '#/$defs/a', '#/nowhere'),
);
const keywords = fc.constantFrom(
  ...['type', 'enum', 'const', 'nullable', 'required', 'items', 'minimum', 'exclusiveMinimum', 'maxLength', 'pattern'],
  ...[
    'additionalProperties',
    'anyOf',
    'allOf',
    'oneOf',
    'not',
    'if',
    'then',
    '$ref',
    '$defs',
    'definitions',
    'id',
    '$id',
  ],
  ...[
    '$anchor',
    '$schema',
    'dependencies',
    'dependentRequired',
    'prefixItems',
    'description',
    'title',
    'default',
    'format',
  ],
);
const typeWords = fc.constantFrom('string', 'number', 'OBJECT', 'any', 'null', 'array', 'file', '');

/** What could stand where a schema belongs: some of it is one. */
const { schema } = fc.letrec((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.record({ type: typeWords }),
    fc
      .record(
        {
          type: fc.oneof(typeWords, scalar, fc.array(typeWords, { maxLength: 3 }), fc.constant('object')),
          properties: fc.oneof(scalar, fc.dictionary(words, tie('schema'), { maxKeys: 4 })),
          required: fc.oneof(scalar, fc.array(fc.oneof(words, scalar), { maxLength: 3 })),
          rest: fc.dictionary(keywords, fc.oneof(scalar, tie('schema'), fc.array(tie('schema'), { maxLength: 3 })), {
            maxKeys: 5,
          }),
        },
        { requiredKeys: [] },
      )
      .map(({ rest, ...own }) => ({ ...own, ...(rest as object) })),
  ),
}));

const definition = fc.record(
  {
    name: fc.oneof({ weight: 6, arbitrary: fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' }) }, scalar),
    description: fc.oneof(fc.string(), scalar),
    inputSchema: schema,
    annotations: fc.oneof(scalar, fc.record({ readOnlyHint: fc.boolean() })),
    outputSchema: schema,
    execution: scalar,
  },
  { requiredKeys: ['name'] },
);

const block: fc.Arbitrary<unknown> = fc.oneof(
  scalar,
  fc.record(
    {
      type: fc.oneof(fc.constantFrom('text', 'image', 'audio', 'resource', 'resource_link', 'table'), scalar),
      text: scalar,
      data: fc.oneof(scalar, fc.constant('aGVsbG8='), fc.constant('data:image/png;base64,aGVsbG8=')),
      mimeType: fc.oneof(scalar, fc.constant('image/png')),
      resource: fc.oneof(scalar, fc.record({ uri: scalar, text: scalar, blob: scalar }, { requiredKeys: [] })),
      annotations: fc.oneof(scalar, fc.record({ audience: scalar, priority: scalar }, { requiredKeys: [] })),
      _meta: scalar,
      name: scalar,
      uri: scalar,
    },
    { requiredKeys: [] },
  ),
);
const result = fc.oneof(
  scalar,
  fc.array(block, { maxLength: 3 }),
  fc.record(
    {
      content: fc.oneof(scalar, block, fc.array(block, { maxLength: 5 })),
      structuredContent: fc.oneof(scalar, fc.dictionary(words, scalar)),
      isError: scalar,
      _meta: scalar,
    },
    { requiredKeys: [] },
  ),
);

const good = { name: 'latchkey-neighbour', inputSchema: { type: 'object', properties: {} } };
const seeded = { seed: 20_261_129, numRuns: 60 };

describe('whatever definitions a server lists', () => {
  it('it stays, its neighbours stay, and what is offered passes the lists of both lines of the SDK', async () => {
    const page: { tools: unknown[] } = { tools: [] };
    const host = await rawHost({ odd: { list: () => page } }, { limits: { listMs: 1 }, now: counting() });
    await fc.assert(
      fc.asyncProperty(fc.array(definition, { maxLength: 12 }), async (tools) => {
        page.tools = [...tools, good];
        const toolset = await open(host, 'mcp/odd');
        expect(toolset.tools.map(({ tool }) => tool)).toContain(good.name);
        expect(host.servers()[0]?.state).toBe('ready');
        const served = toolset.tools.map(({ name, description, inputSchema }) => ({
          name,
          ...(description === undefined ? {} : { description }),
          inputSchema: inputSchema as { type: 'object' },
        }));
        expect(ListToolsResultSchema.safeParse({ tools: served }).success).toBe(true);
        for (const tool of served) expect(isSpecType.Tool(tool)).toBe(true);
        expect(await call(toolset, good.name)).toMatchObject({ type: 'success' });
        await toolset.close();
      }),
      seeded,
    );
  });
});

describe('whatever a server answers to a call', () => {
  it('the call ends at once, the server stays, and what is passed on passes the schemas of both lines', async () => {
    const answer: { result: unknown } = { result: {} };
    const host = await rawHost({ odd: { list: { tools: [good] }, call: () => answer.result ?? null } });
    const toolset = await open(host, 'mcp/odd');
    await fc.assert(
      fc.asyncProperty(result, async (given) => {
        answer.result = given;
        const outcome = await call(toolset, good.name);
        expect(['success', 'failed']).toContain(outcome.type === 'failure' ? outcome.kind : outcome.type);
        expect(host.servers()[0]?.state).toBe('ready');
        if (outcome.type !== 'success') return;
        const { content, isError } = outcome;
        expect(CallToolResultSchema.safeParse({ content, isError }).success).toBe(true);
        for (const part of content) expect(isSpecType.ContentBlock(part)).toBe(true);
      }),
      { ...seeded, numRuns: 200 },
    );
  });
});

/** A clock on which every question is asked long after the one before. */
function counting(): () => number {
  let time = 0;
  return () => {
    time += 10;
    return time;
  };
}
