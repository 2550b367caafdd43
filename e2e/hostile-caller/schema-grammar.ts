import { deep, json, text } from './json-grammar.ts';
import type { Random } from './random.ts';

/** A JSON Schema as text: one that causes more work than its size suggests, or one that is not a schema. */
export function schema(random: Random): string {
  return random.pick(SCHEMAS)(random);
}

const SCHEMAS: readonly ((random: Random) => string)[] = [
  doubling,
  (random) => `{"type":"array","items":${deep(random)}}`,
  (random) => nestedItems(random.magnitude(20_000)),
  (random) =>
    `{"enum":[${Array.from({ length: random.magnitude(20_000) }, (_, index) => `"value ${index}"`).join(',')}]}`,
  (random) => `{"const":${json(random)}}`,
  manyProperties,
  (random) => `{"type":"string","pattern":${JSON.stringify(pattern(random))}}`,
  (random) => `{"type":"string","minLength":${random.magnitude(1e9)},"maxLength":${random.magnitude(1e9)}}`,
  (random) => `{"type":"array","minItems":${random.magnitude(1e9)},"items":{"type":"boolean"}}`,
  () => '{"$ref":"#"}',
  () => '{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}',
  references,
  (random) => `{"description":${JSON.stringify(text(random))},"type":"object"}`,
  (random) => json(random),
];

/** Each level refers to the one below twice, next to another restriction: the work is 2 to the power of the levels. */
function doubling(random: Random): string {
  const levels = random.between(2, 60);
  const union = random.pick(['anyOf', 'oneOf', 'allOf']);
  const beside = random.pick(['"minLength":0,', '"title":"t",', '"type":["boolean","string"],', '']);
  const definitions = Array.from({ length: levels }, (_, level) =>
    level === 0
      ? '"a0":{"type":"boolean"}'
      : `"a${level}":{${beside}"${union}":[{"$ref":"#/$defs/a${level - 1}"},{"$ref":"#/$defs/a${level - 1}"}]}`,
  );
  return `{"$defs":{${definitions.join(',')}},"$ref":"#/$defs/a${levels - 1}"}`;
}

const nestedItems = (levels: number): string =>
  `${'{"type":"array","items":'.repeat(levels)}{"type":"null"}${'}'.repeat(levels)}`;

function manyProperties(random: Random): string {
  const count = random.magnitude(5000);
  const names = Array.from({ length: count }, (_, index) => `p${index}`);
  const properties = names.map((name) => `"${name}":{"type":"string"}`).join(',');
  return `{"type":"object","properties":{${properties}},"required":${JSON.stringify(random.fraction() < 0.5 ? names : [])}}`;
}

function references(random: Random): string {
  const count = random.magnitude(3000) + 1;
  const definitions = Array.from({ length: count }, (_, index) => {
    const others = Array.from({ length: 3 }, () => `{"$ref":"#/$defs/d${random.between(0, count - 1)}"}`);
    return `"d${index}":{"type":"object","properties":{"x":${others[0]},"y":{"anyOf":[${others[1]},${others[2]}]}}}`;
  });
  return `{"$defs":{${definitions.join(',')}},"$ref":"#/$defs/d0"}`;
}

/** A regular expression that is long, expensive to compile, or that backtracks in engines that do so. */
export function pattern(random: Random): string {
  const part = random.pick([
    '(a+)+',
    '[\\pL\\pN]',
    '\\p{Script=Han}',
    '(a|aa)*',
    '.{0,900}',
    '(?:x{1,30}){1,30}',
    '[^a-z]+@',
  ]);
  return `${random.pick(['', '^'])}${Array(random.magnitude(300))
    .fill(part)
    .join(random.pick(['', '|']))}${random.pick(['', '$'])}`;
}
