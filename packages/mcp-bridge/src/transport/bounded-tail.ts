/** Keeps the last bytes of a stream that may never end. */
export class BoundedTail {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #size = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  append(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    // Joined only at twice the limit, so that a flood of small chunks does not cost a copy each.
    if (this.#size > this.#limit * 2 || this.#chunks.length > 1024) {
      const kept = Buffer.concat(this.#chunks).subarray(-this.#limit);
      this.#chunks = [Buffer.from(kept)];
      this.#size = kept.length;
    }
  }

  /** Discards everything up to the end of a marker line; returns whether the line has arrived. */
  forgetBefore(line: string): boolean {
    const all = Buffer.concat(this.#chunks);
    const end = `${line}\n`;
    const start = all.indexOf(end);
    if (start < 0) return false;
    const kept = all.subarray(start + end.length);
    this.#chunks = [kept];
    this.#size = kept.length;
    return true;
  }

  /** The number of bytes kept at the moment; at most about twice the limit. */
  get size(): number {
    return this.#size;
  }

  /** The last `count` lines as text. */
  lastLines(count: number): string {
    const text = Buffer.concat(this.#chunks).subarray(-this.#limit).toString('utf8');
    return text.trimEnd().split('\n').slice(-count).join('\n');
  }
}
