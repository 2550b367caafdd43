import { find, fit } from '../syntax/pattern.ts';
import { withoutMarks } from '../syntax/token-marks.ts';
import type { CallBody, CallSyntax } from '../syntax/turn-syntax.ts';
import { type CallInput, more, type Reading, skipSpace } from './call-input.ts';
import { type CallSink, CUT_OFF } from './call-sink.ts';
import { readName } from './named-calls.ts';
import { taggedValue } from './tagged-value.ts';

type Tags = Extract<CallBody, { kind: 'tags' }>;

const CDATA_OPEN = '<![CDATA[';
const CDATA_CLOSE = ']]>';
const KEY_LIMIT = 1000;

/** Reads a name, and then each argument between its own opening and closing text. */
export function* readTagsCall(
  input: CallInput,
  { callClose, close }: CallSyntax,
  tags: Tags,
  sink: CallSink,
): Reading<boolean> {
  const name = yield* readName(input, tags.nameEnd);
  if (name === undefined) return false;
  sink.begin();
  sink.start(name);
  const schema = sink.tools.find((tool) => tool.name === withoutMarks(name))?.parameters;
  const callArguments: Record<string, unknown> = {};
  const end = callClose.trim() === '' ? close : callClose;
  while (yield* nextIs(input, tags.keyOpen, end)) {
    const argument = yield* readArgument(input, tags);
    if (argument === undefined) {
      input.takeAll();
      sink.invalid(CUT_OFF, input.taken);
      return true;
    }
    const [key, text] = argument;
    const value = taggedValue(text, key, schema);
    const separator = Object.keys(callArguments).length === 0 ? '{' : ', ';
    Object.defineProperty(callArguments, key, { value, enumerable: true, configurable: true, writable: true });
    sink.delta(`${separator}${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  }
  if (input.ended && end.trim() !== '' && typeof fit(end, input.text) !== 'number') {
    input.takeAll();
    sink.invalid(CUT_OFF, input.taken);
    return true;
  }
  sink.delta(Object.keys(callArguments).length === 0 ? '{}' : '}');
  sink.end(callArguments);
  return true;
}

/** Whether another argument begins; waits while that is not certain. */
function* nextIs(input: CallInput, open: string, end: string): Reading<boolean> {
  while (yield* skipSpace(input)) {
    const ends = end.trim() === '' ? undefined : fit(end, input.text);
    const begins = typeof ends === 'number' ? undefined : fit(open, input.text);
    // The end of a call may begin like another argument.
    if (typeof begins === 'number' && (ends === undefined || input.ended)) return true;
    if (begins === undefined && ends !== 'more') return false;
    if (!(yield* more(input))) return false;
  }
  return false;
}

/** The name and the text of the argument that begins here; undefined when it is cut off. */
function* readArgument(input: CallInput, tags: Tags): Reading<readonly [string, string] | undefined> {
  const opened = fit(tags.keyOpen, input.text);
  input.take(typeof opened === 'number' ? opened : 0);
  const key = yield* readUntil(input, tags.keyClose, '', KEY_LIMIT);
  if (key === undefined) return undefined;
  const name = withoutMarks(key.trim());
  const text = yield* readValue(input, tags, name);
  return text === undefined ? undefined : [name, withoutMarks(text)];
}

function* readValue(input: CallInput, tags: Tags, key: string): Reading<string | undefined> {
  const [open, close] = [CDATA_OPEN, CDATA_CLOSE];
  while (open.startsWith(input.text) && (yield* more(input)));
  if (input.text.startsWith(open)) {
    input.take(open.length);
    const text = yield* readUntil(input, close, '');
    if (text === undefined || (yield* readUntil(input, tags.valueClose, key)) === undefined) return undefined;
    return text;
  }
  const text = yield* readUntil(input, tags.valueClose, key);
  return text === undefined || !tags.onLines ? text : text.replace(/^\r?\n/, '').replace(/\r?\n$/, '');
}

/** The text before `pattern`, which is taken as well; undefined when the pattern does not occur. */
function* readUntil(
  input: CallInput,
  pattern: string,
  key: string,
  limit = Number.POSITIVE_INFINITY,
): Reading<string | undefined> {
  let searched = 0;
  while (true) {
    const found = find(pattern, input.text.slice(searched), key);
    if (found !== undefined && typeof found.end === 'number') {
      const text = input.take(searched + found.start);
      input.take(found.end - found.start);
      return text;
    }
    searched = found === undefined ? input.text.length : searched + found.start;
    if (input.text.length > limit || !(yield* more(input))) return undefined;
  }
}
