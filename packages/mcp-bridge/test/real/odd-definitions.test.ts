import { describe, expect, it } from 'vitest';
import { call, open } from '../hosting.ts';
import { rawHost } from '../raw-server.ts';

const object = { type: 'object', properties: {} };
const good = { name: 'good', inputSchema: object };
const names = (toolset: { tools: readonly { tool: string }[] }) => toolset.tools.map(({ tool }) => tool).sort();

/** Definitions that typed languages, older drafts and generators write: each means something. */
const repairable: readonly [string, Record<string, unknown>][] = [
  ['description-null', { inputSchema: object, description: null, title: null, execution: null }],
  ['everything-null', { inputSchema: object, annotations: null, outputSchema: null, _meta: null, icons: null }],
  ['description-number', { inputSchema: object, description: 5 }],
  ['schema-empty', { inputSchema: {} }],
  ['schema-only-dialect', { inputSchema: { $schema: 'https://json-schema.org/draft/2020-12/schema' } }],
  ['schema-null', { inputSchema: null }],
  ['schema-absent', {}],
  ['schema-true', { inputSchema: true }],
  ['schema-any-of', { inputSchema: { anyOf: [{ properties: { a: {} } }, { properties: { b: {} } }] } }],
  ['type-list', { inputSchema: { type: ['object', 'null'], properties: { a: {} } } }],
  ['type-shouted', { inputSchema: { type: 'OBJECT', properties: { a: { type: 'STRING' } } } }],
  ['root-recursion', { inputSchema: { ...object, properties: { child: { $ref: '#' } } } }],
  [
    'root-recursion-7',
    {
      inputSchema: {
        $schema: 'http://json-schema.org/draft-07/schema#',
        type: 'object',
        properties: { a: { $ref: '#' } },
      },
    },
  ],
  [
    'nullable-ref',
    {
      inputSchema: {
        type: 'object',
        properties: { a: { nullable: true, $ref: '#/$defs/x' } },
        $defs: { x: { type: 'string' } },
      },
    },
  ],
  [
    'nullable-all-of',
    { inputSchema: { type: 'object', properties: { a: { nullable: true, allOf: [{ type: 'string' }] } } } },
  ],
  [
    'nullable-any-of',
    { inputSchema: { type: 'object', properties: { a: { nullable: true, anyOf: [{ type: 'string' }] } } } },
  ],
  ['nullable-bare', { inputSchema: { type: 'object', properties: { a: { nullable: true } } } }],
  [
    'exclusive-4',
    {
      inputSchema: {
        type: 'object',
        properties: { a: { minimum: 1, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: true } },
      },
    },
  ],
  [
    'items-list',
    {
      inputSchema: {
        type: 'object',
        properties: { a: { type: 'array', items: [{ type: 'string' }], additionalItems: false } },
      },
    },
  ],
  ['items-null', { inputSchema: { type: 'object', properties: { a: { type: 'array', items: null } } } }],
  [
    'id-4',
    {
      inputSchema: {
        id: 'http://example.com/x',
        type: 'object',
        properties: { id: { type: 'string' }, a: { id: '#a' } },
      },
    },
  ],
  ['required-true', { inputSchema: { type: 'object', properties: { a: { type: 'string', required: true } } } }],
  ['required-null', { inputSchema: { type: 'object', properties: { a: {} }, required: null } }],
  ['properties-null', { inputSchema: { type: 'object', properties: null } }],
  [
    'properties-of-null',
    { inputSchema: { type: 'object', properties: { a: null, b: { description: null, enum: null, type: null } } } },
  ],
  ['property-true', { inputSchema: { type: 'object', properties: { data: true, never: false } } }],
  ['property-word', { inputSchema: { type: 'object', properties: { a: 'string' } } }],
  ['type-any', { inputSchema: { type: 'object', properties: { a: { type: 'any' } } } }],
  [
    'type-unknown',
    { inputSchema: { type: 'object', properties: { a: { type: 'strng' }, b: { type: ['string', 'file'] } } } },
  ],
  ['enum-empty', { inputSchema: { type: 'object', properties: { a: { type: 'string', enum: [] } } } }],
  ['any-of-empty', { inputSchema: { type: 'object', properties: { a: { anyOf: [], oneOf: {}, allOf: null } } } }],
  [
    'limits-as-text',
    { inputSchema: { type: 'object', properties: { a: { minLength: '1', maximum: 'many', multipleOf: 0 } } } },
  ],
  [
    'definitions-4',
    {
      inputSchema: {
        type: 'object',
        properties: { a: { $ref: '#/definitions/x' } },
        definitions: { x: { type: 'string', id: 'x' } },
      },
    },
  ],
  [
    'dependencies',
    {
      inputSchema: { type: 'object', properties: { a: {}, b: {} }, dependencies: { a: ['b'], b: { required: ['a'] } } },
    },
  ],
  [
    'recursive-2019',
    {
      inputSchema: {
        $schema: 'https://json-schema.org/draft/2019-09/schema',
        $recursiveAnchor: true,
        type: 'object',
        properties: { a: { $recursiveRef: '#' } },
      },
    },
  ],
  [
    'discriminator',
    {
      inputSchema: {
        type: 'object',
        properties: {
          a: { oneOf: [{ type: 'object' }], discriminator: { propertyName: 'kind' }, xml: {}, example: null },
        },
      },
    },
  ],
];

/** Definitions of which a part cannot be checked here: offered, and the operator is told. */
const unchecked: readonly [string, Record<string, unknown>, string][] = [
  ['dangling', { properties: { a: { $ref: '#/$defs/missing' } } }, 'leads nowhere'],
  ['circle', { properties: { a: { $ref: '#/properties/b' }, b: { $ref: '#/properties/a' } } }, 'leads nowhere'],
  ['outside', { properties: { a: { $ref: 'https://example.com/schema.json' } } }, 'another document'],
  ['components', { properties: { a: { $ref: '#/components/schemas/Pet' } } }, 'leads nowhere'],
  ['into-itself', { allOf: [{ $ref: '#' }] }, 'cannot be read here'],
  ['anchor-twice', { properties: { a: { $anchor: 'x' }, b: { $anchor: 'x' } } }, 'cannot be read here'],
  ['lookbehind', { properties: { a: { pattern: '(?<=a)b' } } }, 'pattern'],
];

describe('definitions that bend the schema', () => {
  it.each(repairable)('offers and calls %s', async (name, definition) => {
    const host = await rawHost({ a: { list: { tools: [{ name, ...definition }, good] } } });
    const toolset = await open(host, 'mcp/a');
    expect(names(toolset)).toEqual([name, 'good'].sort());
    expect(host.servers()[0]?.problems).toEqual([]);
    const required = toolset.tools.find(({ tool }) => tool === name)?.inputSchema.required;
    const args = Object.fromEntries(Array.isArray(required) ? required.map((key) => [key, 'x']) : []);
    expect(await call(toolset, name, args)).toMatchObject({ type: 'success', text: 'done' });
  });

  it.each(unchecked)('offers %s, and says what is left to the server', async (name, schema, words) => {
    const host = await rawHost({
      a: { list: { tools: [{ name, inputSchema: { type: 'object', ...schema } }, good] } },
    });
    const toolset = await open(host, 'mcp/a');
    expect(names(toolset)).toEqual([name, 'good'].sort());
    expect(host.servers()[0]?.problems).toEqual([{ tool: name, text: expect.stringContaining(words) }]);
    expect(await call(toolset, name, {})).toMatchObject({ type: 'success' });
  });
});
