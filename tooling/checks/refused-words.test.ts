import { describe, expect, it } from 'vitest';
import { readSources } from './sources.ts';

/** Words that the project does not use in code, messages and pages, and what it says in their place; see CONTRIBUTING.md. */
const REFUSED: readonly (readonly [expression: RegExp, instead: string])[] = [
  // As a value in quotes, such as the id of a token that does not exist, it is allowed.
  [/(?<!')\b(who(m|so)?ever|(some|no|every|any)body)\b(?!')/i, 'the caller, the client, the process, no process'],
  [/\b(he|him|his|she|hers?)\b/, 'it, they'],
  [/\banew\b/i, 'again'],
  [/\bcan not\b/i, 'cannot'],
  [/\b(is|are) no (number|address|place|text|object|list|string|port|URL|JSON)\b/i, 'is not a …'],
  [/\bis none (that|of those|which)\b/i, 'is not a …'],
  [/\bstands? (there )?twice\b|\bmay not stand\b/i, 'appears twice, cannot be in'],
  [/\b(is|are|was|were) told\b|\btells (of|to|who|that|the|a|its|each|no)\b/i, 'reports, notifies, logs, shows'],
  [/[‘’“”]/, 'ASCII quotes'],
];

/** Files whose text is data: a prompt that models were measured with, patterns that instructions are found by, and a story in print. */
const EXCUSED = new Set([
  'apps/demo/src/show.ts',
  'packages/llama/src/formats/template-format.ts',
  'packages/mcp-bridge/src/pins/instruction-patterns.ts',
]);

/** Titles of tests are quoted as they are. */
const quoted = /“[^”]*”/g;

const files = readSources(
  'packages/*/src/**/*.{ts,tsx}',
  'apps/*/src/**/*.ts',
  'examples/**/*.ts',
  'docs/**/*.md',
  'packages/*/README.md',
  '*.md',
).filter(({ path }) => !/CHANGELOG\.md$|\.test\.ts$/.test(path) && !EXCUSED.has(path));

describe('refused words', () => {
  it('are in no source, message or page', () => {
    const found = files.flatMap(({ path, text }) =>
      text
        .split('\n')
        .flatMap((line, at) =>
          REFUSED.filter(([expression]) => expression.test(line.replaceAll(quoted, ''))).map(
            ([expression, instead]) => `${path}:${at + 1} ${expression.exec(line)?.[0]} (${instead})`,
          ),
        ),
    );
    expect(found).toEqual([]);
  });

  it.each([
    'Nobody waits',
    'is told of it',
    'it can not be read',
    'this is no number',
    'stands there twice',
    'a caller and his token',
  ])('finds: %s', (line) => {
    expect(REFUSED.some(([expression]) => expression.test(line))).toBe(true);
  });
});
