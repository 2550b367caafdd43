import type { GgufTensor } from './gguf-file.ts';

/** Makes tensors of random numbers, the same ones each time. */
export class RandomWeights {
  readonly tensors: GgufTensor[] = [];
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A tensor whose numbers are around 0, and about `scale` away from it. */
  add(name: string, dimensions: readonly number[], scale: number): void {
    const size = dimensions.reduce((product, dimension) => product * dimension, 1);
    this.tensors.push({ name, dimensions, values: Float32Array.from({ length: size }, () => this.#normal() * scale) });
  }

  /** A tensor with one number everywhere. */
  fill(name: string, size: number, value: number): void {
    this.tensors.push({ name, dimensions: [size], values: new Float32Array(size).fill(value) });
  }

  /** The sum of uniform numbers is nearly normal. */
  #normal(): number {
    return (this.#uniform() + this.#uniform() + this.#uniform() + this.#uniform() - 2) * Math.sqrt(3);
  }

  /** Mulberry32; https://gist.github.com/tommyettinger/46a874533244883189143505d203312c. */
  #uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
