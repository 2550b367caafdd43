/** How long a message may take that has begun, and how much more time each byte of it gives. */
const MESSAGE_MILLISECONDS = 60_000;
const BYTES_PER_MILLISECOND = 16;

export interface BegunMessageOptions {
  /** Called when a message takes too long. */
  readonly onLate: () => void;
  /** Whether nothing is read from the connection: then the other end is not late. */
  readonly isHeld: () => boolean;
  readonly milliseconds?: number | undefined;
}

/**
 * Notices a message that has begun and does not end, in the bytes of a connection. Until a message is whole, all that
 * has come of it is in memory. It reads the headers of frames (RFC 6455 section 5.2), and nothing else of them.
 */
export class BegunMessage {
  readonly #options: BegunMessageOptions;
  readonly #header: number[] = [];
  /** The bytes of the present frame that are still to come. */
  #missing = 0;
  #isFinal = true;
  /** Whether frames of the present message are still to come. */
  #isOpen = false;
  #since = 0;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BegunMessageOptions) {
    this.#options = options;
  }

  /** Takes the next bytes of the connection. */
  take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      if (!this.#hasBegun()) this.#begin();
      if (this.#missing > 0) {
        const length = Math.min(this.#missing, chunk.length - at);
        this.#missing -= length;
        this.#bytes += length;
        at += length;
      } else {
        this.#header.push(chunk[at] ?? 0);
        at += 1;
        this.#readHeader();
      }
      if (this.#missing === 0 && this.#header.length === 0) this.#isOpen = !this.#isFinal;
    }
    if (!this.#hasBegun()) this.end();
    else this.#timer ??= this.#after(this.#patience());
  }

  /** Waits for nothing any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #hasBegun(): boolean {
    return this.#isOpen || this.#missing > 0 || this.#header.length > 0;
  }

  #begin(): void {
    this.end();
    this.#since = performance.now();
    this.#bytes = 0;
  }

  #readHeader(): void {
    const [first = 0, second = 0, ...rest] = this.#header;
    const short = second & 0x7f;
    const extended = short === 127 ? 8 : short === 126 ? 2 : 0;
    const masked = second & 0x80 ? 4 : 0;
    if (this.#header.length < 2 + extended + masked) return;
    this.#header.length = 0;
    this.#missing = extended === 0 ? short : rest.slice(0, extended).reduce((sum, byte) => sum * 256 + byte, 0);
    // Control frames may come between those of a message, and say nothing about its end.
    if ((first & 0x0f) < 8) this.#isFinal = (first & 0x80) !== 0;
  }

  #patience(): number {
    return (this.#options.milliseconds ?? MESSAGE_MILLISECONDS) + this.#bytes / BYTES_PER_MILLISECOND;
  }

  #after(milliseconds: number): NodeJS.Timeout {
    const timer = setTimeout(() => this.#look(), milliseconds);
    return timer.unref();
  }

  #look(): void {
    if (this.#options.isHeld()) this.#since = performance.now();
    const left = this.#since + this.#patience() - performance.now();
    if (left <= 0) this.#options.onLate();
    else this.#timer = this.#after(left);
  }
}
