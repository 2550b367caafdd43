import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineReader } from '../../src/transport/line-reader.ts';

const readAll = (reader: LineReader, chunks: Buffer[]): unknown[] => chunks.flatMap((chunk) => [...reader.read(chunk)]);

describe('LineReader', () => {
  it('gives the same lines however the stream is cut', () => {
    const line = fc.string({ unit: 'binary' }).map((text) => text.replaceAll(/[\r\n]/g, ''));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat({ max: 40 })), (lines, sizes) => {
        let rest = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const chunks = sizes.map((size) => {
          const chunk = rest.subarray(0, size);
          rest = rest.subarray(size);
          return chunk;
        });
        expect(readAll(new LineReader(10_000), [...chunks, rest])).toEqual(lines.map((text) => text.toWellFormed()));
      }),
    );
  });

  it('accepts line ends with a carriage return', () => {
    expect(readAll(new LineReader(100), [Buffer.from('a\r\nb\n')])).toEqual(['a', 'b']);
  });

  it('keeps only the edges of a line above the limit, and reads on', () => {
    const reader = new LineReader(10);
    expect(readAll(reader, [Buffer.from('0123456789\n')])).toEqual(['0123456789']);
    expect(readAll(reader, [Buffer.from('01234')])).toEqual([]);
    expect(readAll(reader, [Buffer.from('5678'), Buffer.from('90'), Buffer.from('\nnext\n')])).toEqual([
      { bytes: 11, head: '01234567890', tail: '01234567890' },
      'next',
    ]);
    const long = Buffer.from(`${'a'.repeat(2000)}${'b'.repeat(2000)}\n`);
    const [line] = readAll(new LineReader(1000), [long.subarray(0, 700), long.subarray(700)]);
    expect(line).toEqual({ bytes: 4000, head: 'a'.repeat(1024), tail: 'b'.repeat(1024) });
  });

  it('refuses a line that does not end', () => {
    const reader = new LineReader(10);
    expect(readAll(reader, [Buffer.alloc(160)])).toEqual([]);
    expect(() => readAll(reader, [Buffer.alloc(1)])).toThrow(RangeError);
  });
});
