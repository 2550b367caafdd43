import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StopStrings } from '../../src/child/stop-strings.ts';

function read(stops: readonly string[], pieces: readonly string[]): { text: string; found: string | undefined } {
  const filter = new StopStrings(stops);
  const text = pieces.map((piece) => filter.read(piece)).join('') + filter.flush();
  return { text, found: filter.found };
}

describe('a stop string', () => {
  it('ends the text before it', () => {
    expect(read(['END'], ['the END of'])).toEqual({ text: 'the ', found: 'END' });
  });

  it('may be spread over pieces', () => {
    expect(read(['END'], ['the E', 'N', 'D of'])).toEqual({ text: 'the ', found: 'END' });
  });

  it('that does not come changes nothing', () => {
    expect(read(['END'], ['the EN', 'D'.toLowerCase()])).toEqual({ text: 'the ENd', found: undefined });
  });

  it('that is empty is none', () => {
    expect(read([''], ['text'])).toEqual({ text: 'text', found: undefined });
  });

  it('of several is the one that is complete first', () => {
    expect(read(['bcd', 'c'], ['abcd'])).toEqual({ text: 'ab', found: 'c' });
  });

  it('holds nothing back that can’t become one', () => {
    const filter = new StopStrings(['END']);
    expect(filter.read('the ')).toBe('the ');
    expect(filter.read('E')).toBe('');
    expect(filter.read('x')).toBe('Ex');
  });

  it('is found wherever the text is cut', () => {
    const letters = fc.stringMatching(/^[ab]{0,4}$/);
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 3 }), fc.array(letters), (stops, pieces) => {
        expect(read(stops, pieces)).toEqual(read(stops, [...pieces.join('')]));
      }),
    );
  });
});
