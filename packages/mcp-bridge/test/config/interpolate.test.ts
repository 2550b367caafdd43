import { describe, expect, it } from 'vitest';
import { interpolate } from '../../src/config/interpolate.ts';

describe('interpolate', () => {
  it.each([
    ['plain', 'plain'],
    [`\${A}`, 'one'],
    [`\${env:A}-\${A}`, 'one-one'],
    [`\${B:-two}`, 'two'],
    [`\${EMPTY:-two}`, 'two'],
    [`\${B:-}`, ''],
    ['$A', '$A'],
    [`\${A:-two}`, 'one'],
    [`\${B:-a:-b}`, 'a:-b'],
  ])('makes of %j %j', (text, value) => {
    expect(interpolate(text, { A: 'one', EMPTY: '' })).toEqual({ value });
  });

  it('does not look again at what it has put in', () => {
    expect(interpolate(`\${A}`, { A: `\${B}`, B: 'secret' })).toEqual({ value: `\${B}` });
  });

  it.each([`\${B}`, `\${EMPTY}`, `\${toString}`, `\${input:key}`, `\${}`, `\${A B}`])(
    'has a problem with %j',
    (text) => {
      expect(interpolate(text, { A: 'one', EMPTY: '' }).problem).toBeDefined();
    },
  );
});
