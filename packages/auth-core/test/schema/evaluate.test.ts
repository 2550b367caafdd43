import { describe, expect, it } from 'vitest';
import { decideTool } from '../../src/authority/decide-tool.ts';
import { type EvaluationContext, evaluate } from '../../src/schema/evaluate.ts';
import type { JsonSchema } from '../../src/schema/json-schema.ts';

const context: EvaluationContext = {
  patterns: { compile: (source) => (text) => new RegExp(source).test(text) },
  resolvePath: (path) => (path.startsWith('/gone') ? undefined : path),
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
    [{ hosts: ['*.example.com'] }, 'https://a.example.com:8443/x'],
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
    [{ within: '/srv/docs' }, '/gone/a'],
    [{ hosts: ['example.com'] }, 'https://example.com.evil.org/'],
    [{ hosts: ['*'] }, 'ftp://example.com'],
    [{ hosts: [] }, 'https://example.com'],
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
  ])('refuses: %j', (schema, value) => {
    expect(evaluate(schema, value)).toBeDefined();
  });

  it('refuses when the pattern engine or the resolver throws, and does not tell what they said', () => {
    const fail = () => {
      throw new Error('secret');
    };
    for (const schema of [{ pattern: '(' }, { within: '/' }]) {
      const violation = evaluate(schema, '/a', { patterns: { compile: fail }, resolvePath: fail });
      expect(violation?.message).not.toContain('secret');
      expect(violation).toBeDefined();
    }
  });
});

describe('the cost of patterns', () => {
  const pattern = '(?:x{0,90}y?){10}$';
  const compiled: string[] = [];
  const patterns = {
    compile(source: string) {
      compiled.push(source);
      return () => true;
    },
  };

  it('is bounded for each pattern, before anything is made of it', () => {
    compiled.length = 0;
    expect(evaluate({ pattern: pattern.repeat(3) }, '', { patterns })?.message).toContain('too large');
    expect(evaluate({ pattern: '\\Qa\\E' }, '', { patterns })?.message).toContain('too large');
    expect(compiled).toEqual([]);
    expect(evaluate({ pattern }, '', { patterns })).toBeUndefined();
  });

  it('is bounded by the length of the text, that of short patterns less', () => {
    const text = 'x'.repeat(100_000);
    expect(evaluate({ pattern: '^[^<]*$' }, text, { patterns })).toBeUndefined();
    expect(evaluate({ pattern }, text, { patterns })?.message).toContain('too long');
  });

  it('is bounded for all patterns and texts of a grant together', () => {
    compiled.length = 0;
    const tool = (values: object) => ({ server: 's', name: 't', arguments: { ...values } });
    const items = { items: { pattern } };
    const mcp = { s: { tools: { t: { arguments: { a: items, b: items } } } } };
    const texts = (count: number) => Array.from({ length: count }, () => 'xxx');
    expect(decideTool(mcp, tool({ a: texts(9), b: texts(9) }), { patterns })).toEqual({ approval: false });
    expect(decideTool(mcp, tool({ a: texts(11), b: texts(11) }), { patterns })).toMatchObject({ rule: 'arguments' });
    expect(compiled.length).toBeLessThan(18 + 22);
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
