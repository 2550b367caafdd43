import { RE2JS } from 're2js';
import type { PatternEngine } from '../matching/pattern-engine.ts';

/**
 * Runs patterns in RE2 notation, in time linear in the text, whatever the pattern. Needs the package `re2js`.
 *
 * @example
 * ```ts
 * import { createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
 * import { re2jsPatterns } from '@latchkey/auth-core/patterns/re2js';
 *
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * export const auth = createAuth({ store: createMemoryTokenStore(), digestKey, patterns: re2jsPatterns });
 * ```
 */
export const re2jsPatterns: PatternEngine = {
  compile(source) {
    const pattern = RE2JS.compile(source);
    return Object.assign((text: string) => pattern.test(text), { size: pattern.programSize() });
  },
};
