import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filterAllows } from '../../src/config/tool-filter.ts';

describe('filterAllows', () => {
  it.each<[string, string, boolean]>([
    ['read_file', 'read_file', true],
    ['read_file', 'read_files', false],
    ['read_*', 'read_file', true],
    ['*_file', 'read_file', true],
    ['r*d_*e', 'read_file', true],
    ['read_*_file', 'read_file', false],
    ['a*a', 'a', false],
    ['*', '', true],
    ['*', 'anything', true],
    ['Read_*', 'read_file', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*c*b*d', 'a-b-c-d', false],
  ])('the pattern %j against the name %j: %s', (pattern, name, kept) => {
    expect(filterAllows({ include: [pattern] }, name)).toBe(kept);
    expect(filterAllows({ exclude: [pattern] }, name)).toBe(!kept);
  });

  it('keeps everything without lists and nothing with an empty list to keep', () => {
    expect(filterAllows({}, 'a')).toBe(true);
    expect(filterAllows({ include: [] }, 'a')).toBe(false);
  });

  it('agrees with the same pattern as a regular expression', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
    fc.assert(
      fc.property(text, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 }), (pattern, name) => {
        const expected = new RegExp(`^${pattern.replace(/\*+/g, '.*')}$`).test(name);
        expect(filterAllows({ include: [pattern] }, name)).toBe(expected);
      }),
    );
  });

  it('only ever takes away when something is excluded', () => {
    const list = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 4 }), { maxLength: 3 });
    fc.assert(
      fc.property(
        list,
        list,
        fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 4 }),
        (include, exclude, name) => {
          if (filterAllows({ include, exclude }, name)) expect(filterAllows({ include }, name)).toBe(true);
        },
      ),
    );
  });
});
