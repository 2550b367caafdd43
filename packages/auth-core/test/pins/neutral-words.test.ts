import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/*
 * The main door is for any server: what is built of it, and whatever that imports, has no word of one that serves models. It is
 * read as it is published, with its types and docstrings.
 */
const DIST = join(dirname(fileURLToPath(import.meta.url)), '../../dist');
const FOREIGN =
  /\b(?:models?|mcp|latchkey|chat|llms?|lm studio|label studio|openai|anthropic|ollama)\b|sk-lm|lka_|latchkey_/i;

/** What may stay: it has another meaning, or stored data would not be read without it. */
const EXCEPT: readonly RegExp[] = [
  // The name of the package itself.
  /@latchkey\/(?:auth-core|koa-auth)[\w/-]*/g,
  // Labels of derived keys: with others, no stored token would be found.
  /'latchkey (?:attenuation|commitment)'/g,
  /`latchkey \$\{purpose\}`/g,
  // Words that make a password easy to guess.
  /\/password\|passwort\|.*$/gm,
];

/** The files behind a built one, by the imports that it writes. */
function reach(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  const text = readFileSync(file, 'utf8');
  for (const [, path = ''] of text.matchAll(/(?:from|import)\s*\(?\s*["'](\.[^"']+)["']/g)) {
    const target = join(dirname(file), path);
    reach(file.endsWith('.d.ts') ? target.replace(/\.[jt]s$/, '.d.ts') : target, found);
  }
  return found;
}

function foreignLines(file: string): readonly string[] {
  const text = EXCEPT.reduce((rest, allowed) => rest.replace(allowed, ''), readFileSync(file, 'utf8'));
  return text
    .split('\n')
    .filter((line) => FOREIGN.test(line) && !line.startsWith('//# sourceMappingURL'))
    .map((line) => `${relative(DIST, file)}: ${line.trim()}`);
}

describe.each(['index.js', 'index.d.ts'])('the main door as it is built, %s', (door) => {
  const files = existsSync(join(DIST, door)) ? [...reach(join(DIST, door))] : [];

  it('is read whole', () => {
    expect(files.length).toBeGreaterThan(60);
  });

  it('has no word of a server that serves models', () => {
    expect(files.flatMap(foreignLines)).toEqual([]);
  });

  it('does not import the vocabulary of one', () => {
    expect(
      files.filter((file) =>
        /[\\/](?:llm|import|jwt|keys|stores|testing|http|adapters|open|token-api)[\\/]/.test(relative(DIST, file)),
      ),
    ).toEqual([]);
  });
});
