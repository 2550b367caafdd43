import type { Vocabulary } from '../src/index.ts';
import { llm as typed } from '../src/llm/index.ts';

/** The vocabulary that most tests are written in, as one whose words the compiler does not know: tests ask for wrong ones, too. */
export const llm: Vocabulary = typed;
export const { parseGrant, decide, covers } = llm;
export const FULL_GRANT = llm.everything;
