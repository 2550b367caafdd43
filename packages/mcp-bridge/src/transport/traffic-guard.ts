/** How many lines of noise a server may print on its standard output before it is disconnected. */
export const maxNoiseLines = 1000;
export const maxNoiseBytes = 1024 * 1024;
/** How many unsolicited messages, such as notifications, a server may send within one second. */
export const maxUnsolicitedPerSecond = 5000;

/** Counts the unsolicited output of a server and throws when there is too much. */
export class TrafficGuard {
  readonly #now: () => number;
  #noiseLines = 0;
  #noiseBytes = 0;
  #windowStart = Number.NEGATIVE_INFINITY;
  #inWindow = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts a line that is not a message. @throws RangeError when there are too many. */
  noise(line: string): void {
    this.#noiseLines += 1;
    this.#noiseBytes += line.length;
    if (this.#noiseLines > maxNoiseLines || this.#noiseBytes > maxNoiseBytes) {
      throw new RangeError(`it printed ${this.#noiseLines} lines that are no messages`);
    }
  }

  /** Counts a message that is not a response. @throws RangeError when there are too many in a second. */
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
