type Schema = Readonly<Record<string, unknown>>;

const text = { type: 'string' };
const integer = { type: 'integer' };
const number = { type: 'number' };
const only = (value: Schema) => ({ type: 'object', properties: { v: value }, required: ['v'] });
const list = (items: Schema, more: Schema = {}) => ({ type: 'array', items, maxItems: 4, ...more });
const short = { type: 'string', maxLength: 12 };

/** Patterns, as people write them into schemas. */
const PATTERNS = [
  ...['^[0-9]{5}$', '[0-9]{3}', '^\\d{3}-\\d{4}$', '^(red|green|blue)$', '^[A-Z][a-z]+( [A-Z][a-z]+)?$', '^a.c$'],
  ...[
    '^\\w+\\.(txt|md)$',
    '^[^@\\s]+@[^@\\s]+$',
    '^#[0-9a-fA-F]{6}$',
    '^(?:a|b){2,3}$',
    '^[\\w.-]{1,8}$',
    '^\\S\\D\\W$',
  ],
  ...['x$', '^x', '^(a(b|c)?)+$', '^"[a-z]\\\\$', '^[+-]?\\d+(\\.\\d+)?$', '^\\u0041\\x42$', '^[a-z]+?z$', 'a|^b$'],
];

const FORMATS = [
  ...['date', 'time', 'date-time', 'duration', 'uuid', 'email', 'hostname', 'ipv4', 'ipv6', 'uri', 'uri-reference'],
  ...['iri', 'json-pointer'],
];

const NUMBERS: readonly Schema[] = [
  ...[{ minimum: 0 }, { maximum: 0 }, { minimum: 0, maximum: 1 }, { exclusiveMinimum: 0 }, { exclusiveMaximum: 0 }],
  ...[
    { minimum: -1.5, maximum: 2.25 },
    { minimum: 0.25, maximum: 0.75 },
    { exclusiveMinimum: 0, exclusiveMaximum: 1 },
  ],
  ...[{ minimum: 10.5 }, { maximum: -10.5 }, { minimum: 99.9, maximum: 100.1 }, { minimum: 5, maximum: 5 }],
  ...[
    { minimum: -3, exclusiveMaximum: -2 },
    { exclusiveMinimum: 1.25, maximum: 1.5 },
  ],
];

const INTEGERS: readonly Schema[] = [
  ...[{ minimum: 3 }, { maximum: -3 }, { minimum: -12, maximum: 134 }, { exclusiveMinimum: 0, exclusiveMaximum: 3 }],
  ...[{ multipleOf: 5 }, { multipleOf: 7 }, { multipleOf: 25, minimum: 0, maximum: 200 }, { minimum: 1e15 }],
];

const conditional = {
  type: 'object',
  properties: { k: { enum: ['a', 'b'] }, v: true },
  required: ['k', 'v'],
  if: { properties: { k: { const: 'a' } } },
  // biome-ignore lint/suspicious/noThenProperty: it is JSON Schema's word.
  then: { properties: { v: integer } },
  else: { properties: { v: { type: 'boolean' } } },
};

/** Schemas that a grammar keeps. */
export const KEPT: readonly Schema[] = [
  ...PATTERNS.map((pattern) => only({ type: 'string', pattern })),
  ...FORMATS.map((format) => only({ type: 'string', format })),
  ...NUMBERS.map((bounds) => only({ ...number, ...bounds })),
  ...INTEGERS.map((bounds) => only({ ...integer, ...bounds })),
  { type: 'object', properties: { a: short, b: integer }, required: ['a', 'b'] },
  { type: 'object', properties: { thoughts: short, answer: integer, note: short }, required: ['answer'] },
  { type: 'object', properties: { a: integer, b: integer, c: integer } },
  { type: 'object', properties: { a: integer, b: integer, c: integer }, minProperties: 2 },
  { type: 'object', properties: { a: integer, b: integer, c: integer }, maxProperties: 1 },
  {
    type: 'object',
    properties: { a: integer, b: integer, c: integer },
    required: ['b'],
    minProperties: 2,
    maxProperties: 2,
  },
  { type: 'object', additionalProperties: integer, maxProperties: 3 },
  { type: 'object', additionalProperties: integer, minProperties: 1, maxProperties: 3 },
  { type: 'object', additionalProperties: integer, propertyNames: { pattern: '^[a-c]$' }, maxProperties: 3 },
  { type: 'object', additionalProperties: integer, propertyNames: { maxLength: 3 }, maxProperties: 3 },
  { type: 'object', patternProperties: { '^x-[a-z]$': integer }, additionalProperties: false, maxProperties: 3 },
  { type: 'object', patternProperties: { '^n': integer }, minProperties: 1, maxProperties: 2 },
  { type: 'object', properties: { a: integer }, required: ['a'], additionalProperties: false },
  { type: 'object', properties: { a: integer, b: false }, required: ['a'] },
  { type: 'object', properties: { a: integer }, dependentRequired: { a: ['b'] }, required: ['a', 'b'] },
  only({ type: ['string', 'null'], maxLength: 5 }),
  only({ type: ['integer', 'boolean'], minimum: 0, maximum: 9 }),
  only({ enum: ['a', 1, null, true] }),
  only({ const: { a: [1, 'x"\\'] } }),
  only({ enum: ['a', 1, 2], type: 'integer' }),
  only({ enum: ['a', 'b', 'c'], not: { const: 'b' } }),
  only({ anyOf: [{ type: 'null' }, integer] }),
  only({ oneOf: [{ const: 'x' }, { const: 'y' }] }),
  only({ oneOf: [short, integer, { type: 'null' }] }),
  {
    oneOf: ['cat', 'dog'].map((kind) => ({
      type: 'object',
      properties: { kind: { const: kind } },
      required: ['kind'],
    })),
  },
  only({
    allOf: [
      { ...integer, minimum: 2 },
      { minimum: 5, maximum: 9 },
    ],
  }),
  only({ allOf: [{ type: 'string', minLength: 2 }, { maxLength: 4 }] }),
  only({ allOf: [{ ...integer, multipleOf: 4 }, { multipleOf: 6 }] }),
  { allOf: [only(integer), { properties: { w: short }, required: ['w'] }] },
  {
    type: 'object',
    allOf: [
      { properties: { a: integer }, additionalProperties: false },
      { properties: { a: { minimum: 3 }, b: text } },
    ],
  },
  { $defs: { p: { type: 'string', minLength: 1, maxLength: 9 } }, ...only({ $ref: '#/$defs/p', maxLength: 3 }) },
  { definitions: { id: { ...integer, minimum: 1 } }, ...only({ $ref: '#/definitions/id' }) },
  list(integer),
  list(integer, { minItems: 2 }),
  list({ enum: ['a', 'b', 'c'] }, { uniqueItems: true }),
  list({ enum: ['a', 'b', 'c'] }, { uniqueItems: true, minItems: 3 }),
  list({ type: 'boolean' }, { uniqueItems: true }),
  list({ ...integer, minimum: 0, maximum: 9 }, { contains: { const: 3 } }),
  list({ ...integer, minimum: 0, maximum: 9 }, { contains: { minimum: 5 }, minContains: 2 }),
  list({ type: 'integer' }, { contains: { const: 3 }, minContains: 0 }),
  { type: 'array', prefixItems: [short, integer], items: false, minItems: 2 },
  { type: 'array', items: [short, integer], additionalItems: false },
  { type: 'array', items: [{ const: 'a' }], additionalItems: integer, maxItems: 3 },
  list(short, { items: { type: 'object', properties: { n: integer }, required: ['n'] } }),
  only({ type: 'string', minLength: 300, maxLength: 310, pattern: '^[a-z]{2}$' }),
  only({ type: 'string', minLength: 3, maxLength: 5 }),
  only({ type: 'string', maxLength: 700 }),
  only({ minimum: 3, maximum: 8 }),
  only({ maxLength: 4 }),
  only({ type: 'string', contentEncoding: 'base64', maxLength: 8 }),
  only({ type: 'string', format: 'colour', maxLength: 8 }),
  { ...only(short), title: 'T', description: 'd', default: { v: 'x' }, examples: [], $comment: 'c', deprecated: true },
  conditional,
  {
    ...conditional,
    else: undefined,
    properties: { k: { type: 'boolean' }, v: true },
    if: { properties: { k: { const: true } }, required: ['k'] },
  },
  { type: 'object', properties: { a: { type: 'array', items: only(integer), maxItems: 2 } }, required: ['a'] },
  { type: 'boolean' },
  { type: 'null' },
  { type: 'integer' },
  { type: 'number' },
];

/** Schemas with a keyword that a grammar cannot hold: the keyword, and the schema. */
export const UNKEPT: readonly (readonly [string, Schema])[] = [
  ['pattern', only({ type: 'string', pattern: '^(?=a)b' })],
  ['pattern', only({ type: 'string', pattern: '^(a)\\1$' })],
  ['pattern', only({ type: 'string', pattern: '\\bword\\b' })],
  ['pattern', only({ type: 'string', pattern: '^\\p{Lu}$' })],
  ['format', only({ type: 'string', format: 'regex' })],
  ['multipleOf', only({ ...number, multipleOf: 0.01 })],
  ['multipleOf', only({ ...integer, multipleOf: 997 })],
  ['uniqueItems', list(integer, { uniqueItems: true })],
  ['contains', { type: 'array', prefixItems: [integer], contains: { const: 3 } }],
  ['not', only({ not: { type: 'string' } })],
  ['if', { type: 'object', properties: { k: text }, if: { required: ['k'] }, else: { required: ['z'] } }],
  [
    'oneOf',
    only({
      oneOf: [
        { ...integer, minimum: 0 },
        { ...integer, maximum: 9 },
      ],
    }),
  ],
  ['patternProperties', { type: 'object', properties: { a: text }, patternProperties: { '^a': integer } }],
  ['propertyNames', { type: 'object', properties: { abc: text }, propertyNames: { maxLength: 2 } }],
  ['minProperties', { type: 'object', additionalProperties: integer, minProperties: 2 }],
  ['dependentRequired', { type: 'object', properties: { a: text, b: text }, dependentRequired: { a: ['b'] } }],
  ['dependentSchemas', { type: 'object', properties: { a: text }, dependentSchemas: { a: { required: ['b'] } } }],
  ['$ref', only({ $ref: '#/$defs/none' })],
  ['$ref', only({ $ref: 'https://example.com/x.json' })],
  ['anyOf', { anyOf: [{ type: 'object', anyOf: [only(integer)] }], allOf: [{ anyOf: [only(text)] }] }],
  ['minLength', only({ type: 'string', pattern: '^a*$', minLength: 3 })],
  ['maximum', only({ ...number, maximum: 1e300 })],
];
