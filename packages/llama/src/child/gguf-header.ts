import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';

/** A file that is not a GGUF file, or whose header declares data beyond the file's end. */
export class DamagedFile extends Error {
  override readonly name = 'DamagedFile';
}

/** A file of the right length whose end has not been written yet. */
export class UnfinishedFile extends DamagedFile {}

/** A model in several files, one of which is missing. */
export class MissingPart extends Error {
  override readonly name = 'MissingPart';
  /** The file name of the missing part. */
  readonly part: string;

  constructor(part: string, options: ErrorOptions) {
    super(`its part ${part} is missing`, options);
    this.part = part;
  }
}

const MAGIC = 'GGUF';
const VERSIONS = [2, 3];
const DEFAULT_ALIGNMENT = 32;
const STRING = 8;
const ARRAY = 9;
/** Bytes of the types of fixed size: numbers from u8 to f64, and bool. */
const SIZES = new Map([
  [0, 1],
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 4],
  [5, 4],
  [6, 4],
  [7, 1],
  [10, 8],
  [11, 8],
  [12, 8],
]);
const DEEPEST_ARRAY = 4;
const MOST_DIMENSIONS = 8;
/** Limits that no model's header reaches; within them, reading a header takes at most some hundred megabytes. */
const MOST_ITEMS = 1 << 21;
const MOST_BYTES = 1 << 27;
const MOST_NAMES = 1 << 16;
const LONGEST_KEY = 65_535;
const READ_AHEAD = 1 << 20;
/** The end of a file is judged from this size on, at so many places of so many bytes. */
const LEAST_END = 1 << 16;
const ZERO_PLACES = 16;
const ZERO_BYTES = 4096;
const PART = /-(\d{5})-of-(\d{5})\.gguf$/;

/**
 * Walks a GGUF header (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md) and checks every length in it
 * against the file, for all parts of a model in several files. Without this check, the library reads zeros beyond a
 * file's end and may never stop. It also keeps the whole header in memory, so the header's size is bounded as well.
 * Throws DamagedFile.
 */
export function checkHeader(path: string): void {
  for (const part of partsOf(path)) {
    const file = openPart(part, path);
    try {
      walk(file);
    } finally {
      file.close();
    }
  }
}

function openPart(part: string, path: string): HeaderReader {
  try {
    return new HeaderReader(part);
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw isAbsent && part !== path ? new MissingPart(basename(part), { cause: error }) : error;
  }
}

function partsOf(path: string): string[] {
  const match = PART.exec(path);
  const total = match?.[2];
  if (total === undefined) return [path];
  const stem = path.replace(PART, '');
  return Array.from({ length: Number(total) }, (_, index) => {
    return `${stem}-${String(index + 1).padStart(5, '0')}-of-${total}.gguf`;
  });
}

function walk(file: HeaderReader): void {
  if (file.text(4) !== MAGIC) throw new DamagedFile('it does not begin with "GGUF"');
  if (!VERSIONS.includes(file.u32())) throw new DamagedFile('its version is unknown');
  const tensors = file.u64();
  const values = file.u64();
  if (tensors > MOST_NAMES || values > MOST_NAMES) throw new DamagedFile('it has too many tensors or values');
  let alignment = DEFAULT_ALIGNMENT;
  for (let left = values; left > 0; left--) {
    const length = file.u64();
    if (length > LONGEST_KEY) throw new DamagedFile('it has a key that is too long');
    const key = file.text(length);
    const type = file.u32();
    if (key === 'general.alignment' && type === 4) alignment = file.u32();
    else skipValue(file, type, 0);
  }
  let farthest = 0;
  for (let left = tensors; left > 0; left--) {
    file.skip(file.u64());
    const dimensions = file.u32();
    if (dimensions > MOST_DIMENSIONS) throw new DamagedFile('a tensor has too many dimensions');
    file.skip(dimensions * 8 + 4);
    farthest = Math.max(farthest, file.u64());
  }
  const start = Math.ceil(file.position / Math.max(1, alignment)) * alignment;
  if (file.position > MOST_BYTES) throw new DamagedFile('its header is too long');
  if (tensors > 0 && start + farthest >= file.size) throw new DamagedFile('it ends before its last tensor');
  refuseZeros(file, start);
}

/**
 * Refuses a file of the right length whose end is not there yet: programs that download make room first, which reads as
 * zeros. No quantization gives zeros for the whole last sixteenth of a model; a single tensor may well be zero.
 */
function refuseZeros(file: HeaderReader, start: number): void {
  const from = Math.max(start, file.size - Math.ceil(file.size / 16));
  const room = file.size - from;
  if (room < LEAST_END) return;
  for (let place = 0; place < ZERO_PLACES; place++) {
    // The last bytes first: of a file that is whole, one read is all.
    const at = file.size - ZERO_BYTES - Math.floor(((room - ZERO_BYTES) * place) / (ZERO_PLACES - 1));
    if (!file.isZero(at, ZERO_BYTES)) return;
  }
  throw new UnfinishedFile('its end has nothing but zeros');
}

function skipValue(file: HeaderReader, type: number, depth: number): void {
  const size = SIZES.get(type);
  if (size !== undefined) file.skip(size);
  else if (type === STRING) file.skip(file.u64());
  else if (type === ARRAY && depth < DEEPEST_ARRAY) skipArray(file, depth);
  else throw new DamagedFile('it has a value of an unknown type');
}

function skipArray(file: HeaderReader, depth: number): void {
  const type = file.u32();
  const length = file.u64();
  file.count(length);
  const size = SIZES.get(type);
  if (size !== undefined) file.skip(size * length);
  else for (let left = length; left > 0; left--) skipValue(file, type, depth + 1);
}

/** Reads a file from start to end; reading beyond its end throws. Numbers are little-endian. */
class HeaderReader {
  readonly size: number;
  readonly #descriptor: number;
  #buffer = Buffer.alloc(0);
  #bufferStart = 0;
  #position = 0;
  #items = 0;

  constructor(path: string) {
    this.#descriptor = openSync(path, 'r');
    this.size = fstatSync(this.#descriptor).size;
  }

  get position(): number {
    return this.#position;
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  /** Whether all bytes at a place are zero. */
  isZero(position: number, length: number): boolean {
    const bytes = Buffer.alloc(length);
    const read = readSync(this.#descriptor, bytes, 0, length, position);
    return bytes.subarray(0, read).every((byte) => byte === 0);
  }

  skip(length: number): void {
    if (!(length <= this.size - this.#position)) throw new DamagedFile('its header ends too early');
    this.#position += length;
  }

  /** Counts the items of arrays. */
  count(items: number): void {
    this.#items += items;
    if (this.#items > MOST_ITEMS) throw new DamagedFile('its arrays are too long');
  }

  u32(): number {
    return this.#take(4).readUInt32LE();
  }

  u64(): number {
    return Number(this.#take(8).readBigUInt64LE());
  }

  text(length: number): string {
    return this.#take(length).toString('latin1');
  }

  #take(length: number): Buffer {
    const start = this.#position;
    this.skip(length);
    const from = start - this.#bufferStart;
    if (from >= 0 && from + length <= this.#buffer.length) return this.#buffer.subarray(from, from + length);
    this.#buffer = Buffer.alloc(Math.min(Math.max(length, READ_AHEAD), this.size - start));
    this.#bufferStart = start;
    readSync(this.#descriptor, this.#buffer, 0, this.#buffer.length, start);
    return this.#buffer.subarray(0, length);
  }
}
