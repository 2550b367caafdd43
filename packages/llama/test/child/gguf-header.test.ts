import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkHeader } from '../../src/child/gguf-header.ts';
import { NANO } from '../nano.ts';

let folder: string;
let nano: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-header-'));
  nano = await readFile(NANO);
});
afterAll(() => rm(folder, { recursive: true }));

async function check(bytes: Buffer, name = 'model.gguf'): Promise<void> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  checkHeader(path);
}

/** GGUF v3 with these counts and then these bytes. */
function header(tensors: bigint, values: bigint, ...rest: number[]): Buffer {
  const start = Buffer.alloc(24);
  start.write('GGUF');
  start.writeUInt32LE(3, 4);
  start.writeBigUInt64LE(tensors, 8);
  start.writeBigUInt64LE(values, 16);
  return Buffer.concat([start, Buffer.from(rest)]);
}

describe('a header', () => {
  it('of a real model is sound', () => {
    expect(() => checkHeader(NANO)).not.toThrow();
  });

  it('of a file of the right length whose last third has not come is refused, and one with a tensor of zeros is not', async () => {
    const unfinished = Buffer.from(nano);
    unfinished.fill(0, Math.floor((nano.length * 2) / 3));
    await expect(check(unfinished)).rejects.toThrow('nothing but zeros');
    const withZeros = Buffer.from(nano);
    withZeros.fill(0, nano.length - Math.floor(nano.length / 20));
    await expect(check(withZeros)).resolves.toBeUndefined();
  });

  it.each([
    ['that is not GGUF', Buffer.from('not a model at all, not at all')],
    ['of an unknown version', Buffer.from('GGUF\x63\0\0\0 and then something else')],
    ['that is empty', Buffer.alloc(0)],
    ['that promises more values than there are', header(0n, 2n ** 62n)],
    ['that promises more tensors than there are', header(2n ** 62n, 0n)],
    ['with a key longer than the file', header(0n, 1n, 255, 255, 255, 255, 255, 255, 255, 127)],
    ['with a value of no type', header(0n, 1n, 1, 0, 0, 0, 0, 0, 0, 0, 97, 99, 0, 0, 0)],
    [
      'with an array longer than the file',
      header(0n, 1n, 1, 0, 0, 0, 0, 0, 0, 0, 97, 9, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0),
    ],
  ])('%s is refused', async (_what, bytes) => {
    await expect(check(bytes)).rejects.toThrow();
  });

  const array = (type: number, length: number): number[] => {
    const start = Buffer.alloc(8 + 1 + 4 + 4 + 8);
    start.writeBigUInt64LE(1n);
    start.write('a', 8);
    start.writeUInt32LE(9, 9);
    start.writeUInt32LE(type, 13);
    start.writeBigUInt64LE(BigInt(length), 17);
    return [...start];
  };
  const ITEMS = (1 << 21) + 1;

  it.each([
    ['with more bytes in an array', () => Buffer.concat([header(0n, 1n, ...array(0, ITEMS)), Buffer.alloc(ITEMS)])],
    ['with more texts in an array', () => Buffer.concat([header(0n, 1n, ...array(8, ITEMS)), Buffer.alloc(ITEMS * 8)])],
    [
      'with more in all its arrays',
      () => {
        const half = Buffer.concat([Buffer.from(array(0, ITEMS >> 1)), Buffer.alloc(ITEMS >> 1)]);
        return Buffer.concat([header(0n, 3n), half, half, half]);
      },
    ],
    ['with more values', () => Buffer.concat([header(0n, 65_537n), Buffer.alloc(65_537 * 13)])],
    ['with more tensors', () => Buffer.concat([header(65_537n, 0n), Buffer.alloc(65_537 * 24)])],
    [
      'with a longer key',
      () => {
        const key = Buffer.alloc(8 + 65_536 + 5);
        key.writeBigUInt64LE(65_536n);
        return Buffer.concat([header(0n, 1n), key]);
      },
    ],
  ])('%s than any model has is refused, though the file has it all', async (_what, bytes) => {
    await expect(check(bytes())).rejects.toThrow(/too (many|long)/);
  });

  it('of a file that was cut off anywhere is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: nano.length / 2 }), async (length) => {
        await expect(check(nano.subarray(0, length))).rejects.toThrow();
      }),
    );
  });

  it('with any byte changed is read to its end in any case', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 39_000 }), fc.nat({ max: 255 }), async (place, value) => {
        const bytes = Buffer.from(nano);
        bytes[place] = value;
        await check(bytes).catch(() => {});
      }),
    );
  });

  it('is checked in every part of a model that comes in several', async () => {
    await writeFile(join(folder, 'split-00002-of-00002.gguf'), 'not a part');
    await expect(check(nano, 'split-00001-of-00002.gguf')).rejects.toThrow();
  });
});
