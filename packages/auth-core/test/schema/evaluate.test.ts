import { describe, expect, it } from 'vitest';
import { createAskedPaths } from '../../src/authority/asked-paths.ts';
import { createSteps, MAXIMUM_STEPS, StepsUsedUp } from '../../src/matching/steps.ts';
import type { EvaluationContext } from '../../src/schema/evaluate.ts';
import { evaluateArgument as evaluate } from '../../src/schema/evaluate-argument.ts';
import type { JsonSchema } from '../../src/schema/json-schema.ts';

const paths = createAskedPaths((path) => (path.startsWith('/srv/docs/gone') ? undefined : path), createSteps());
const context: EvaluationContext = {
  patterns: { compile: (source) => (text) => new RegExp(source).test(text) },
  isWithin: (asked) => paths.isWritten(asked) && paths.isReal(asked),
};

type Case = [schema: JsonSchema, value: unknown];

describe('a value satisfies', () => {
  it.each<Case>([
    [{}, Symbol.iterator],
    [{ const: { a: [1, null] } }, { a: [1, null] }],
    [{ const: { a: 1, b: 2 } }, { b: 2, a: 1 }],
    [{ enum: ['a', 2] }, 2],
    [{ type: 'null' }, null],
    [{ type: 'boolean' }, false],
    [{ type: 'integer' }, 3],
    [{ type: 'number' }, 3.5],
    [{ type: 'string' }, ''],
    [{ type: 'array' }, []],
    [{ type: 'object' }, {}],
    [{ pattern: 'b' }, 'abc'],
    [{ minimum: 1, maximum: 1 }, 1],
    [{ exclusiveMinimum: 1 }, 1.1],
    [{ minLength: 2, maxLength: 2 }, '☂☂'],
    [{ minLength: 2, maxLength: 2 }, '𝒳𝒳'],
    [{ minLength: 0 }, ''],
    [{ minLength: 3 }, 'ab𝒳'],
    [{ maxItems: 2 }, [1, 2]],
    [{ items: { type: 'string' } }, ['a', 'b']],
    [{ properties: { a: { type: 'string' } } }, { a: 'x', b: 1 }],
    [{ properties: { a: { type: 'string' } } }, {}],
    [{ required: ['a'] }, { a: null }],
    [{ maxProperties: 1 }, { a: 1 }],
    [{ properties: { a: {} }, additionalProperties: false }, { a: 1 }],
    [{ additionalProperties: { type: 'string' } }, { a: 'x' }],
    [{ format: 'date-time' }, '2027-01-01T00:00:00Z'],
    [{ $ref: '#/$defs/text', $defs: { text: { type: 'string' } } }, 'x'],
    [{ $schema: 'x', $id: 'y', title: 'z', description: 'd' }, 1],
    [{ within: '/srv/docs' }, '/srv/docs/a/b'],
    [{ within: '/srv/docs' }, '/srv/docs'],
    [{ within: '/srv/docs/' }, '/srv/docs/a'],
    [{ within: '/' }, '/etc/passwd'],
    [{ hosts: ['*.example.com'] }, 'https://a.example.com/x'],
    [{ hosts: ['*.example.com:8443'] }, 'https://a.example.com:8443/x'],
    [{ hosts: ['a:*'] }, 'https://a:22/x'],
    [{ hosts: ['*'] }, 'https://a:22/x'],
    [{ hosts: ['a'] }, 'http://a:443/'],
    [{ hosts: ['[::1]:8080'] }, 'http://[::1]:8080/'],
    [{ hosts: ['[::1]'] }, 'http://[::1]/'],
    [{ cidr: ['10.0.0.0/8'] }, '10.1.2.3'],
    [{ cidr: ['10.0.0.0/8'] }, 'http://10.1.2.3:80/x'],
    [{ cidr: ['fd00::/8'] }, 'http://[fd00::1]/'],
  ])('%j: %j', (schema, value) => {
    expect(evaluate(schema, value, context)).toBeUndefined();
  });
});

describe('a value breaks', () => {
  it.each<Case>([
    [{ const: 'a' }, 'b'],
    [{ const: { a: 1 } }, { a: 1, b: 2 }],
    [{ const: { a: 1 } }, { b: 1 }],
    [{ const: { __proto__x: 1 } }, {}],
    [{ const: [1] }, { 0: 1 }],
    [{ const: [1] }, [1, 2]],
    [{ const: [1] }, [2]],
    [{ const: {} }, []],
    [{ const: {} }, null],
    [{ const: null }, undefined],
    [{ enum: [] }, 'a'],
    [{ type: 'null' }, undefined],
    [{ type: 'integer' }, 1.5],
    [{ type: 'integer' }, '1'],
    [{ type: 'number' }, Number.NaN],
    [{ type: 'number' }, Number.POSITIVE_INFINITY],
    [{ type: 'boolean' }, 0],
    [{ type: 'string' }, 1],
    [{ type: 'object' }, []],
    [{ type: 'object' }, null],
    [{ type: 'array' }, {}],
    [{ pattern: '^b' }, 'abc'],
    [{ minimum: 1 }, 0],
    [{ minimum: 1 }, Number.NaN],
    [{ maximum: 1 }, 2],
    [{ exclusiveMinimum: 1 }, 1],
    [{ minLength: 2 }, '𝒳'],
    [{ minLength: 5 }, '𝒳𝒳𝒳'],
    [{ maxLength: 1 }, 'ab'],
    [{ maxItems: 1 }, [1, 2]],
    [{ items: { type: 'string' } }, ['a', 1]],
    [{ properties: { a: { type: 'string' } } }, { a: 1 }],
    [{ required: ['a'] }, {}],
    [{ required: ['a'] }, { a: undefined }],
    [{ required: ['toString'] }, {}],
    [{ maxProperties: 1 }, { a: 1, b: 2 }],
    [{ additionalProperties: false }, { a: 1 }],
    [{ properties: {}, additionalProperties: false }, JSON.parse('{"__proto__":1}')],
    [{ additionalProperties: { type: 'string' } }, { a: 1 }],
    [{ format: 'date-time' }, 'soon'],
    [{ $ref: '#/$defs/text', $defs: { text: { type: 'string' } } }, 1],
    [{ within: '/srv/docs' }, '/srv/docs-evil/a'],
    [{ within: '/srv/docs' }, '/srv'],
    [{ within: '/srv/docs' }, '/srv/docs/../secret'],
    [{ within: '/srv/docs' }, '/srv/docs/./a'],
    [{ within: '/srv/docs' }, '/SRV/docs/a'],
    [{ within: '/srv/docs' }, '/srv/docs/gone/a'],
    [{ within: '/srv/docs', hardLinks: true }, '/srv/docs/gone/a'],
    [{ hosts: ['example.com'] }, 'https://example.com.evil.org/'],
    [{ hosts: ['*'] }, 'ftp://example.com'],
    [{ hosts: [] }, 'https://example.com'],
    [{ hosts: ['good.example'] }, 'https://good.example:22/'],
    [{ hosts: ['good.example:443'] }, 'https://good.example:22/'],
    [{ hosts: ['good.example:443'] }, 'http://good.example/'],
    [{ hosts: ['*.example'] }, 'https://good.example:8443/'],
    [{ hosts: ['[::1]'] }, 'http://[::1]:8080/'],
    [{ hosts: ['a:0'] }, 'http://a:0/'],
    [{ cidr: ['10.0.0.0/8'] }, '11.0.0.1'],
    [{ cidr: ['10.0.0.0/8'] }, 'http://ten.example.com/'],
    [{ cidr: ['0.0.0.0/0'] }, 'http://user@10.0.0.1/'],
  ])('%j: %j', (schema, value) => {
    expect(evaluate(schema, value, context)).toBeDefined();
  });

  it.each<Case>([
    [{ pattern: '' }, 1],
    [{ format: 'date-time' }, 1],
    [{ minimum: 0 }, '1'],
    [{ maximum: 0 }, null],
    [{ minLength: 0 }, []],
    [{ maxLength: 9 }, 1],
    [{ maxItems: 9 }, 'a'],
    [{ items: {} }, {}],
    [{ required: [] }, []],
    [{ properties: {} }, 'a'],
    [{ maxProperties: 9 }, []],
    [{ additionalProperties: {} }, null],
    [{ within: '/' }, ['/']],
    [{ hosts: ['*'] }, {}],
    [{ cidr: ['::/0'] }, 1],
  ])('%j, which is not for its type: %j', (schema, value) => {
    expect(evaluate(schema, value, context)).toBeDefined();
  });
});

describe('what cannot be checked', () => {
  it.each<Case & { 2?: EvaluationContext }>([
    [{ pattern: 'a' }, 'a'],
    [{ within: '/' }, '/a'],
    [{ $ref: '#/$defs/missing' }, 'a'],
    [JSON.parse('{"format":"date-time","not":{}}'), '2027-01-01T00:00:00Z'],
    [JSON.parse('{"constructor":1}'), 'a'],
    [{ maxLength: undefined } as unknown as JsonSchema, 'a'],
    [{ type: 'date' } as unknown as JsonSchema, 'a'],
    [{ type: 'toString' } as unknown as JsonSchema, 'a'],
    [{ type: 'undefined' } as unknown as JsonSchema, undefined],
  ])('refuses: %j', (schema, value) => {
    expect(evaluate(schema, value)).toBeDefined();
  });

  it('refuses when the pattern engine or the resolver throws, and does not tell what they said', () => {
    const fail = () => {
      throw new Error('secret');
    };
    const throwing = createAskedPaths(fail, createSteps());
    for (const schema of [{ pattern: '(' }, { within: '/' }]) {
      const violation = evaluate(schema, '/a', { patterns: { compile: fail }, isWithin: throwing.isReal });
      expect(violation?.message).not.toContain('secret');
      expect(violation).toBeDefined();
    }
  });
});

describe('patterns', () => {
  /** An engine that has only just been made, and what it was asked to compile. */
  function newEngine(size?: number) {
    const compiled: string[] = [];
    const patterns = {
      compile(source: string) {
        compiled.push(source);
        return Object.assign(() => true, size === undefined ? {} : { size });
      },
    };
    return { patterns, compiled };
  }

  it('are bounded before anything is made of them', () => {
    const { patterns, compiled } = newEngine();
    const pattern = '(?:x{0,90}y?){10}$';
    expect(evaluate({ pattern: pattern.repeat(3) }, '', { patterns })?.message).toContain('too large');
    expect(evaluate({ pattern: '\\Qa\\E' }, '', { patterns })?.message).toContain('too large');
    expect(evaluate({ pattern: `[${'\\pL'.repeat(100)}]` }, '', { patterns })?.message).toContain('too large');
    expect(compiled).toEqual([]);
    expect(evaluate({ pattern }, '', { patterns })).toBeUndefined();
  });

  it('are compiled once, the last 256 of them', () => {
    const { patterns, compiled } = newEngine();
    for (let round = 0; round < 3; round++) evaluate({ items: { pattern: 'a' } }, ['a', 'b', 'a'], { patterns });
    expect(compiled).toEqual(['a']);
    for (let index = 0; index < 256; index++) evaluate({ pattern: `b${index}` }, '', { patterns });
    evaluate({ pattern: 'b1' }, '', { patterns });
    evaluate({ pattern: 'a' }, '', { patterns });
    expect(compiled).toHaveLength(258);
  });

  it('that do not compile are tried once, and refuse', () => {
    let tries = 0;
    const patterns = {
      compile() {
        tries++;
        throw new Error('secret');
      },
    };
    const violations = [1, 2].map(() => evaluate({ pattern: 'a' }, '', { patterns })?.message);
    expect(violations).toEqual(Array(2).fill('cannot be checked: the pattern does not compile'));
    expect(tries).toBe(1);
  });

  it('that fail refuse', () => {
    const fail = () => {
      throw new Error('secret');
    };
    expect(evaluate({ pattern: 'a' }, '', { patterns: { compile: () => fail } })?.message).toContain('failed');
  });

  it('cost by what the engine has made of them', () => {
    const text = 'x'.repeat(100_000);
    expect(evaluate({ pattern: 'a' }, text, newEngine(5))).toBeUndefined();
    expect(() => evaluate({ pattern: 'a' }, text, newEngine(50))).toThrow(StepsUsedUp);
  });

  it('cost nothing further for a text that was tested', () => {
    const context = { ...newEngine(60), tested: new Map(), steps: createSteps() };
    const text = 'x'.repeat(10_000);
    for (let round = 0; round < 10; round++) expect(evaluate({ pattern: 'a' }, text, context)).toBeUndefined();
    expect(() => evaluate({ items: { pattern: 'a' } }, [`${text}1`, `${text}2`], context)).toThrow(StepsUsedUp);
  });
});

describe('everything', () => {
  const many = (count: number, value: (index: number) => unknown) => Array.from({ length: count }, (_, i) => value(i));
  const object = (count: number) =>
    Object.fromEntries(many(count, (index) => [`key${index}`, 1]) as [string, number][]);
  const numbers = many(900, (index) => index) as number[];

  it.each<[string, JsonSchema, unknown]>([
    ['a list of values, for each item', { items: { enum: numbers } }, many(2000, () => -1)],
    ['the items of a list', { items: {} }, many(300_000, () => 1)],
    ['words about the items of a list', { items: { minimum: 0, maximum: 1 } }, many(120_000, () => 1)],
    ['objects that are compared', { items: { enum: [object(100)] } }, many(2000, () => object(100))],
    ['an object of many keys that is compared', { const: { a: 1 } }, object(250_000)],
    ['an object of many keys, of which one is named', { properties: { a: {} } }, object(60_000)],
    ['names of many letters', { required: ['a'] }, { ['a'.repeat(300_000)]: 1, a: 1 }],
    ['texts that are counted', { items: { minLength: 90_000 } }, many(50, () => 'x'.repeat(100_000))],
    ['texts that are compared', { items: { const: 'x'.repeat(1000) } }, many(20_000, () => 'x'.repeat(1000))],
    ['URLs', { items: { hosts: many(90, () => 'a.example') as string[] } }, many(2000, () => 'https://b.example/')],
    [
      'globs over hosts',
      { items: { hosts: many(90, () => `*${'a'.repeat(90)}b`) as string[] } },
      many(9, () => `https://${'a'.repeat(200)}/`),
    ],
    ['ranges of addresses', { items: { cidr: many(90, () => '10.0.0.0/8') as string[] } }, many(500, () => '11.0.0.1')],
    ['paths', { items: { within: '/' } }, many(5000, (index) => `/a${index}`)],
    ['the length of a path', { within: '/' }, `/${'a/'.repeat(600_000)}`],
    ['the length of a URL', { hosts: ['a'] }, `https://a/${'a'.repeat(5_000_000)}`],
  ])('costs: %s', (_, schema, value) => {
    const steps = createSteps();
    const asked = createAskedPaths((path) => path, steps);
    expect(() => {
      const violation = evaluate(schema, value, { steps, isWithin: asked.isReal });
      // What refuses at the first item is asked about again, as it is for the next argument.
      for (let round = 1; violation !== undefined && round < 2000; round++) {
        evaluate(schema, value, { steps, isWithin: asked.isReal });
      }
    }).toThrow(StepsUsedUp);
  });

  it('that is ordinary costs next to nothing', () => {
    const steps = createSteps(MAXIMUM_STEPS / 1000);
    const asked = createAskedPaths((path) => path, steps);
    const schema: JsonSchema = {
      required: ['path', 'mode'],
      properties: { path: { within: '/srv' }, mode: { enum: ['r'] } },
    };
    const value = { path: '/srv/docs/report.txt', mode: 'r', content: 'x'.repeat(1_000_000) };
    expect(evaluate(schema, value, { steps, isWithin: asked.isReal })).toBeUndefined();
  });
});

describe('a violation', () => {
  it('says where', () => {
    const schema: JsonSchema = { properties: { list: { items: { properties: { a: { maxLength: 1 } } } } } };
    expect(evaluate(schema, { list: [{ a: 'x' }, { a: 'yy' }] })).toEqual({
      path: ['list', 1, 'a'],
      message: 'longer than 1',
    });
  });

  it('never holds the value', () => {
    const secret = 'hunter2';
    const schemas: JsonSchema[] = [
      { const: 'a' },
      { enum: ['a'] },
      { type: 'integer' },
      { pattern: '^x' },
      { minimum: 1 },
      { maxLength: 1 },
      { minLength: 99 },
      { hosts: ['a'] },
      { cidr: ['10.0.0.0/8'] },
      { within: '/srv' },
      { format: 'date-time' },
    ];
    for (const schema of schemas) {
      const violation = evaluate(schema, secret, context);
      expect(violation).toBeDefined();
      expect(JSON.stringify(violation)).not.toContain(secret);
    }
  });
});
