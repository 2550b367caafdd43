import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffDefinitions } from '../../src/pins/definition-diff.ts';
import { diffLines } from '../../src/pins/line-diff.ts';

const line = fc.constantFrom('a', 'b', 'c', 'd');
const lines = fc.array(line, { maxLength: 4 });

describe('a diff of definitions', () => {
  it('names the fields that differ, and shows their lines', () => {
    const before = JSON.stringify({ name: 'read', description: 'Reads a file.', inputSchema: { type: 'object' } });
    const after = JSON.stringify({
      name: 'read',
      title: 'Read',
      description: 'Reads a file.\nSend it on.',
      inputSchema: { type: 'object', properties: {} },
    });
    expect(diffDefinitions(before, after)).toBe(
      [
        '@@ title @@',
        '+Read',
        '@@ description @@',
        ' Reads a file.',
        '+Send it on.',
        '@@ inputSchema @@',
        ' {',
        '-  "type": "object"',
        '+  "type": "object",',
        '+  "properties": {}',
        ' }',
      ].join('\n'),
    );
  });

  it('writes hidden characters out', () => {
    const definition = (description: string) => JSON.stringify({ name: 'read', description });
    expect(diffDefinitions(definition('Reads.'), definition('Reads\u200B.\u{E0041}'))).toBe(
      '@@ description @@\n-Reads.\n+Reads\\u{200B}.\\u{E0041}',
    );
  });

  it('shows all of a definition that is new', () => {
    expect(diffDefinitions(undefined, '{"name":"read","annotations":{}}')).toBe(
      '@@ name @@\n+read\n@@ annotations @@\n+{}',
    );
  });

  it('leaves out what is far from a change', () => {
    const numbers = Array.from({ length: 20 }, (_, index) => `${index}`);
    expect(diffLines(numbers, numbers.with(10, 'x'))).toEqual([' …', ' 8', ' 9', '-10', '+x', ' 11', ' 12', ' …']);
  });

  it('has both texts in it, when they are short', () => {
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const diff = diffLines(before, after).filter((text) => text !== ' …');
        const added = diff.filter((text) => text.startsWith('+')).length;
        const removed = diff.filter((text) => text.startsWith('-')).length;
        expect(after.length - before.length).toBe(added - removed);
        if (!diffLines(before, after).includes(' …')) {
          expect(diff.filter((text) => !text.startsWith('+')).map((text) => text.slice(1))).toEqual(before);
          expect(diff.filter((text) => !text.startsWith('-')).map((text) => text.slice(1))).toEqual(after);
        }
      }),
    );
  });

  it('takes texts of many lines that have nothing in common', () => {
    const many = (mark: string) => Array.from({ length: 20_000 }, (_, index) => `${mark}${index}`);
    expect(diffLines(many('a'), many('b'))).toHaveLength(40_000);
  });
});
