import type { LongLine } from './long-line.ts';

/** How much of a line that is not kept is kept all the same. */
const edgeBytes = 1024;
/** A line that is this many times as long as the limit has no end. */
const endlessFactor = 16;

/**
 * Splits a stream of bytes into lines. A line above the limit is skipped, and only its edges are kept. It never copies a
 * long line twice.
 */
export class LineReader {
  readonly #limit: number;
  #pending: Buffer[] = [];
  #pendingSize = 0;
  #head: Buffer | undefined;
  #tail: Buffer = Buffer.alloc(0);

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  /** The bytes of the line that has not ended yet. */
  get unfinished(): number {
    return this.#pendingSize;
  }

  /**
   * Yields the lines that this chunk completes, without line ends.
   *
   * @throws RangeError when a line does not end.
   */
  *read(chunk: Buffer): Generator<string | LongLine> {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      this.#keep(chunk.subarray(start, end));
      start = end + 1;
      yield this.#finish();
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  #finish(): string | LongLine {
    const bytes = this.#pendingSize;
    this.#pendingSize = 0;
    if (this.#head !== undefined) {
      const long = { bytes, head: this.#head.toString('utf8'), tail: this.#tail.toString('utf8') };
      this.#head = undefined;
      this.#tail = Buffer.alloc(0);
      return long;
    }
    const line = Buffer.concat(this.#pending).toString('utf8');
    this.#pending = [];
    return line.endsWith('\r') ? line.slice(0, -1) : line;
  }

  #keep(piece: Buffer): void {
    this.#pendingSize += piece.length;
    if (this.#head !== undefined) this.#keepTail(piece);
    else if (this.#pendingSize <= this.#limit) this.#pending.push(piece);
    else {
      const all = [...this.#pending, piece];
      this.#pending = [];
      this.#head = Buffer.from(Buffer.concat(all).subarray(0, edgeBytes));
      this.#tail = Buffer.alloc(0);
      for (const part of all) this.#keepTail(part);
    }
    if (this.#pendingSize > this.#limit * endlessFactor) {
      throw new RangeError(`a message is larger than ${this.#limit * endlessFactor} bytes`);
    }
  }

  #keepTail(piece: Buffer): void {
    this.#tail = Buffer.from(Buffer.concat([this.#tail, piece.subarray(-edgeBytes)]).subarray(-edgeBytes));
  }
}
