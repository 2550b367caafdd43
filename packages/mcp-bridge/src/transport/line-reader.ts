/** Splits a stream of bytes into lines and refuses a line above the limit. It never copies a long line twice. */
export class LineReader {
  readonly #limit: number;
  #pending: Buffer[] = [];
  #pendingSize = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  /**
   * Yields the lines that this chunk completes, without line ends.
   *
   * @throws RangeError when a line is longer than the limit.
   */
  *read(chunk: Buffer): Generator<string> {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      this.#keep(chunk.subarray(start, end));
      start = end + 1;
      const line = Buffer.concat(this.#pending).toString('utf8');
      this.#pending = [];
      this.#pendingSize = 0;
      yield line.endsWith('\r') ? line.slice(0, -1) : line;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  #keep(piece: Buffer): void {
    this.#pendingSize += piece.length;
    if (this.#pendingSize > this.#limit) {
      this.#pending = [];
      throw new RangeError(`a message is larger than ${this.#limit} bytes`);
    }
    this.#pending.push(piece);
  }
}
