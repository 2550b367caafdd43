/** Counted repetitions are written out one by one in llama.cpp; beyond this a length is left to later validation. */
export const REPETITION_LIMIT = 256;

/** A length or number of items, if it is one. */
export function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}
