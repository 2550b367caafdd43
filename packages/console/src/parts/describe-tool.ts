import { visibleLine } from '@latchkey/mcp-bridge/visible-text';
import type { OfferedTool } from '../api/authorization.ts';
import { strings } from '../strings.ts';

const words = strings.connect;
const MOST_CHARACTERS = 160;

/** What a tool does in its server's words, and what the reader's own grants say of its arguments. */
export function describeTool({ description, approval, conditions, limits }: OfferedTool): string {
  const said = visibleLine(description ?? '');
  const parts = [
    said.length > MOST_CHARACTERS ? `${said.slice(0, MOST_CHARACTERS)} …` : said,
    ...(approval ? [words.approval] : []),
    ...conditions.map(({ argument, rule }) => words.condition(argument, describeRule(rule))),
    ...limits.flatMap(({ callsPerMinute, callsPerDay }) => [
      ...(callsPerMinute === undefined ? [] : [words.callsPerMinute(callsPerMinute)]),
      ...(callsPerDay === undefined ? [] : [words.callsPerDay(callsPerDay)]),
    ]),
  ];
  return visibleLine(parts.filter((part) => part !== '').join(' · '));
}

function describeRule(rule: unknown): string {
  const { within, enum: values, const: value, ...others } = Object(rule) as Readonly<Record<string, unknown>>;
  const list = (one: unknown): string => [one].flat().map(String).join(', ');
  const parts = [
    ...(within === undefined ? [] : [words.within(list(within))]),
    ...(values === undefined ? [] : [words.oneOf(list(values))]),
    ...(value === undefined ? [] : [words.exactly(String(value))]),
    ...Object.entries(others).map(([word, one]) => `${word} ${typeof one === 'string' ? one : JSON.stringify(one)}`),
  ];
  return parts.join(', ');
}
