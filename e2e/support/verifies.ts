import { it } from 'vitest';
import { type RequirementId, sentenceOf } from '../requirements.ts';

/**
 * A test that proves a requirement; its title is the requirement's sentence.
 *
 * @param variant distinguishes several tests of one requirement
 */
export function verifies(id: RequirementId, run: () => Promise<void> | void, variant?: string): void {
  it(variant === undefined ? sentenceOf(id) : `${sentenceOf(id)}: ${variant}`, run);
}
