/** How many lines of noise a server may print on its standard output within a minute before it is disconnected. */
export const maxNoiseLines = 20_000;
export const maxNoiseBytes = 8 * 1024 * 1024;
/** How many unsolicited messages, such as notifications, a server may send within one second. */
export const maxUnsolicitedPerSecond = 5000;

const minuteMs = 60_000;
const secondMs = 1000;

/** Counts the unsolicited output of a server and throws when there is too much at a time. */
export class TrafficGuard {
  readonly #now: () => number;
  #minuteStart = Number.NEGATIVE_INFINITY;
  #inMinute = 0;
  #bytesInMinute = 0;
  #noiseLines = 0;
  #secondStart = Number.NEGATIVE_INFINITY;
  #inSecond = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts a line that is not a message. @throws RangeError when there are too many in a minute. */
  noise(line: string): void {
    const now = this.#now();
    if (now - this.#minuteStart >= minuteMs) {
      this.#minuteStart = now;
      this.#inMinute = 0;
      this.#bytesInMinute = 0;
    }
    this.#noiseLines += 1;
    this.#inMinute += 1;
    this.#bytesInMinute += line.length;
    if (this.#inMinute > maxNoiseLines || this.#bytesInMinute > maxNoiseBytes) {
      throw new RangeError(`it printed ${this.#inMinute} lines that are no messages within a minute`);
    }
  }

  /** Counts a message that is not a response. @throws RangeError when there are too many in a second. */
  unsolicited(): void {
    const now = this.#now();
    if (now - this.#secondStart >= secondMs) {
      this.#secondStart = now;
      this.#inSecond = 0;
    }
    this.#inSecond += 1;
    if (this.#inSecond > maxUnsolicitedPerSecond) {
      throw new RangeError(`it sent more than ${maxUnsolicitedPerSecond} notifications in a second`);
    }
  }

  /** The lines in its whole life that were no messages. */
  get noiseLines(): number {
    return this.#noiseLines;
  }
}
