import type { GrammarRules } from './grammar-rules.ts';
import { FORMAT_RULES } from './json-rules.ts';
import { count } from './lengths.ts';
import type { JsonSchema } from './merge-schemas.ts';
import { FORMATS_WITHOUT_RULE, MORE_FORMATS, SAME_FORMATS } from './more-formats.ts';
import { patternRule } from './pattern-rules.ts';
import { countable, repeat } from './repetition.ts';

/** The name of a rule for the strings of a schema, or undefined when there are none. Keywords that it does not hold are reported to the rules. */
export function stringRule(rules: GrammarRules, schema: JsonSchema): string | undefined {
  const { format, pattern, minLength, maxLength } = schema;
  const formatRule = typeof format === 'string' ? ruleOfFormat(rules, format) : undefined;
  const hasLength = (count(minLength) ?? 0) > 0 || count(maxLength) !== undefined;
  if (typeof pattern === 'string') {
    if (formatRule !== undefined) rules.leave('format');
    rules.spend(pattern.length);
    const rule = patternRule(pattern);
    if (rule !== undefined) {
      if (rule.least < (count(minLength) ?? 0)) rules.leave('minLength');
      if (rule.most > (count(maxLength) ?? Number.POSITIVE_INFINITY)) rules.leave('maxLength');
      return rules.add('text', `"\\"" ${rule.body} "\\""`);
    }
    rules.leave('pattern');
  } else if (formatRule !== undefined) {
    if (hasLength) rules.leave(minLength === undefined ? 'maxLength' : 'minLength');
    return rules.add('text', formatRule);
  }
  if (!hasLength) return 'string';
  const least = count(minLength) ?? 0;
  const most = countable(rules, 'maxLength', maxLength);
  if (most < least) return undefined;
  return rules.add('text', `"\\"" ${repeat(rules, 'character', least, most)} "\\""`);
}

function ruleOfFormat(rules: GrammarRules, format: string): string | undefined {
  if (FORMATS_WITHOUT_RULE.has(format)) rules.leave('format');
  return FORMAT_RULES[format] ?? MORE_FORMATS[SAME_FORMATS[format] ?? format];
}
