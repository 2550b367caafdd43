/** Noise that a server may print on its standard output before it is given up. */
export const maxNoiseLines = 1000;
export const maxNoiseBytes = 1024 * 1024;
/** Messages that nobody asked for, such as notifications, within one second. */
export const maxUnsolicitedPerSecond = 5000;

/** Counts what a server sends unasked; says when it is too much. */
export class TrafficGuard {
  readonly #now: () => number;
  #noiseLines = 0;
  #noiseBytes = 0;
  #windowStart = Number.NEGATIVE_INFINITY;
  #inWindow = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A line that is no message. @throws RangeError when there has been too much of it. */
  noise(line: string): void {
    this.#noiseLines += 1;
    this.#noiseBytes += line.length;
    if (this.#noiseLines > maxNoiseLines || this.#noiseBytes > maxNoiseBytes) {
      throw new RangeError(`it printed ${this.#noiseLines} lines that are no messages`);
    }
  }

  /** A message that answers nothing. @throws RangeError when there have been too many in a second. */
  unsolicited(): void {
    const now = this.#now();
    if (now - this.#windowStart >= 1000) {
      this.#windowStart = now;
      this.#inWindow = 0;
    }
    this.#inWindow += 1;
    if (this.#inWindow > maxUnsolicitedPerSecond) {
      throw new RangeError(`it sent more than ${maxUnsolicitedPerSecond} notifications in a second`);
    }
  }

  get noiseLines(): number {
    return this.#noiseLines;
  }
}
