/** llama.cpp expands counted repetitions one by one; a larger length is left to later validation. */
export const REPETITION_LIMIT = 256;

/** The value as a length or number of items; undefined when it is not one. */
export function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}
