import type { Random } from './random.ts';
import { pattern } from './schema-grammar.ts';

/** A caveat that any holder of a token can add offline: valid, and expensive to decide. */
export function caveat(random: Random, server: string, tool: string): object {
  const rules = Object.fromEntries(
    Array.from({ length: random.between(1, 3) }, (_, index) => [`a${index}`, condition(random)]),
  );
  return {
    actions: ['*'],
    models: globs(random),
    mcp: { [server]: { tools: { [tool]: { arguments: { message: condition(random), ...rules } } } } },
  };
}

function condition(random: Random): object {
  const values = (): unknown[] => Array.from({ length: random.magnitude(900) }, (_, index) => index);
  return random.pick<() => object>([
    () => ({ pattern: pattern(random) }),
    () => ({ items: { pattern: pattern(random) } }),
    () => ({ items: { enum: values() } }),
    () => ({ enum: values() }),
    () => ({ within: random.pick(['/', '/proc', '/usr/lib', '/tmp/../../..']) }),
    () => ({ items: { within: '/' } }),
    () => ({ items: { items: { items: { maxLength: 3 } } } }),
    () => ({ hosts: globs(random) }),
    () => ({ properties: { a: { const: values() } } }),
    () => ({ maxLength: 10 }),
  ])();
}

const globs = (random: Random): string[] =>
  Array.from({ length: random.magnitude(200) + 1 }, () => `${'*a'.repeat(random.magnitude(60))}*`);
