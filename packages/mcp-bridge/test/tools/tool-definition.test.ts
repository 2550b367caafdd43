import { describe, expect, it } from 'vitest';
import { badTools } from '../../src/testing/index.ts';
import { readToolDefinition } from '../../src/tools/tool-definition.ts';

const base = { name: 'read', inputSchema: { type: 'object' } };

function read(raw: object) {
  const result = readToolDefinition({ ...base, ...raw });
  if ('problem' in result) throw new Error(result.problem);
  return result.tool;
}

describe('readToolDefinition', () => {
  it('takes hidden characters out of descriptions, at the top and in the schema', () => {
    const tool = read({
      description: 'Reads\u202E a\u200B file.\u{E0041}\u0007',
      inputSchema: { type: 'object', properties: { path: { description: 'A\u2066 path', title: 'P\u00AD' } } },
    });
    expect(tool.description).toBe('Reads a file.');
    expect(tool.inputSchema.properties).toEqual({ path: { description: 'A path', title: 'P' } });
  });

  it('keeps line ends, tabs and other languages', () => {
    expect(read({ description: 'Zeile 1\n\tÄ 中文 ‎🙂'.replace('\u200E', '') }).description).toBe(
      'Zeile 1\n\tÄ 中文 🙂',
    );
  });

  it('cannot be changed afterwards', () => {
    const schema = read({ inputSchema: { type: 'object', properties: { a: { enum: ['x'] } } } }).inputSchema;
    expect(() => Object.assign(schema.properties as object, { b: {} })).toThrow(TypeError);
  });

  it('has the same fingerprint however its keys are ordered, and another one for any change', () => {
    const { fingerprint } = read({ description: 'a', annotations: { readOnlyHint: true } });
    expect(read({ annotations: { readOnlyHint: true }, description: 'a' }).fingerprint).toBe(fingerprint);
    for (const change of [{ description: 'b' }, { title: 't' }, { annotations: {} }, { outputSchema: {} }]) {
      expect(read({ description: 'a', annotations: { readOnlyHint: true }, ...change }).fingerprint).not.toBe(
        fingerprint,
      );
    }
  });

  it('shows no $schema to the model and remembers the dialect', () => {
    const tool = read({ inputSchema: { $schema: 'https://json-schema.org/draft-07/schema', type: 'object' } });
    expect(tool.inputSchema).toEqual({ type: 'object' });
    expect(tool.dialect).toContain('draft-07');
  });

  it.each(badTools.map((raw, index) => [index, raw] as const))('refuses bad tool %i', (_, raw) => {
    const result = readToolDefinition(raw);
    expect('problem' in result || result.tool.name === 'twice').toBe(true);
  });
});
