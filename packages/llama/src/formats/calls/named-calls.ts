import { find } from '../syntax/pattern.ts';
import { TOKEN_MARK } from '../syntax/token-marks.ts';
import type { CallBody } from '../syntax/turn-syntax.ts';
import { type CallInput, more, type Reading, skipSpace } from './call-input.ts';
import { type CallSink, CUT_OFF } from './call-sink.ts';
import { isRecord, parse } from './json-call.ts';
import { JsonScanner } from './json-scanner.ts';

/** The longest name of a tool, with room for the text around it. */
const NAME_LIMIT = 300;
const NAME = /^[^\s<>{}[\]"'|,]+$/;
const END_OF_NAME = new RegExp(`[\\s<{[(${TOKEN_MARK}]`);

/** Reads a name, and then the arguments as JSON. */
export function* readNamedCall(
  input: CallInput,
  { nameEnd }: Extract<CallBody, { kind: 'named' }>,
  sink: CallSink,
): Reading<boolean> {
  const name = yield* readName(input, nameEnd);
  if (name === undefined) return false;
  const goesOn = yield* skipSpace(input);
  // Anything else is text that only begins like a call.
  if (goesOn && !input.text.startsWith('{')) return false;
  sink.begin();
  sink.start(name);
  yield* readArguments(input, sink);
  return true;
}

/** Reads the arguments as a JSON object, and the end of the call. */
export function* readArguments(input: CallInput, sink: CallSink): Reading<void> {
  const scanner = new JsonScanner({ key() {}, value() {}, end() {} });
  let raw = '';
  while (!scanner.finished) {
    const piece = input.take(scanner.read(input.text));
    raw += piece;
    sink.delta(piece);
    if (scanner.finished || (yield* more(input))) continue;
    return sink.invalid(CUT_OFF, raw);
  }
  const callArguments = parse(raw);
  if (isRecord(callArguments)) sink.end(callArguments);
  else sink.invalid('The call is not valid JSON.', raw);
}

/** Reads a tool's name and the text that ends it; undefined when it is not a name. */
export function* readName(input: CallInput, nameEnd: string): Reading<string | undefined> {
  input.forget();
  if (!(yield* skipSpace(input))) return undefined;
  while (true) {
    const found = endOfName(input.text, nameEnd);
    if (found !== undefined && (typeof found.end === 'number' || input.ended)) {
      const name = input.text.slice(0, found.start).trim();
      if (!NAME.test(name)) return undefined;
      input.take(typeof found.end === 'number' ? found.end : input.text.length);
      return name;
    }
    if (found === undefined && input.ended && NAME.test(input.text.trim())) return input.take(input.text.length).trim();
    if (input.text.length > NAME_LIMIT || !(yield* more(input))) return undefined;
  }
}

function endOfName(text: string, nameEnd: string): ReturnType<typeof find> {
  if (nameEnd.trim() !== '') return find(nameEnd, text);
  const at = text.search(END_OF_NAME);
  return at < 0 ? undefined : { start: at, end: at };
}
