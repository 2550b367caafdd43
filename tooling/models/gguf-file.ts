/** A value of a GGUF header, with its type. */
export type GgufValue =
  | { readonly type: 'u32' | 'f32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'i32s'; readonly value: readonly number[] };

/** A tensor: its size in each dimension, the fastest first, and its numbers. */
export interface GgufTensor {
  readonly name: string;
  readonly dimensions: readonly number[];
  readonly values: Float32Array;
}

const TYPES = { u32: 4, f32: 6, bool: 7, string: 8, strings: 9, i32s: 9 };
const I32 = 5;
const STRING = 8;
const F32 = 0;
const ALIGNMENT = 32;

/** Writes a GGUF file, version 3; https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. */
export function writeGguf(metadata: Readonly<Record<string, GgufValue>>, tensors: readonly GgufTensor[]): Buffer {
  let offset = 0;
  const infos = tensors.map(({ name, dimensions, values }) => {
    const info = [text(name), u32(dimensions.length), ...dimensions.map(u64), u32(F32), u64(offset)];
    offset += aligned(values.byteLength);
    return Buffer.concat(info);
  });
  const header = Buffer.concat([
    Buffer.from('GGUF'),
    u32(3),
    u64(tensors.length),
    u64(Object.keys(metadata).length),
    ...Object.entries(metadata).flatMap(([key, value]) => [text(key), u32(TYPES[value.type]), write(value)]),
    ...infos,
  ]);
  const data = tensors.map(({ values }) => padded(Buffer.from(values.buffer, values.byteOffset, values.byteLength)));
  return Buffer.concat([padded(header), ...data]);
}

function write(value: GgufValue): Buffer {
  switch (value.type) {
    case 'u32':
      return u32(value.value);
    case 'f32':
      return Buffer.from(Float32Array.of(value.value).buffer);
    case 'bool':
      return Buffer.of(value.value ? 1 : 0);
    case 'string':
      return text(value.value);
    case 'strings':
      return Buffer.concat([u32(STRING), u64(value.value.length), ...value.value.map(text)]);
    case 'i32s':
      return Buffer.concat([u32(I32), u64(value.value.length), Buffer.from(Int32Array.from(value.value).buffer)]);
  }
}

const aligned = (size: number): number => Math.ceil(size / ALIGNMENT) * ALIGNMENT;
const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes], aligned(bytes.length));

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}
