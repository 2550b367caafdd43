import { type CallInput, more, type Reading, skipSpace } from './call-input.ts';
import { type CallSink, CUT_OFF } from './call-sink.ts';
import { PythonReader } from './python-reader.ts';

/** `[name(key='value'), other()]`, or one call without the brackets. */
export function* readPythonCalls(input: CallInput, sink: CallSink): Reading<boolean> {
  input.forget();
  if (!(yield* skipSpace(input)) || !/^\[|^[\p{L}_]/u.test(input.text)) return false;
  let length = endOf(input.text);
  while (length === undefined) {
    if (yield* more(input)) {
      length = endOf(input.text);
      continue;
    }
    if (!/^\[?\s*[\p{L}_][\w.:/-]*\s*\(/u.test(input.text)) return false;
    sink.begin();
    sink.invalid(CUT_OFF, input.takeAll());
    return true;
  }
  const text = input.text.slice(0, length);
  const calls = new PythonReader(text).calls();
  if (calls === undefined) return false;
  input.take(length);
  for (const { name, arguments: callArguments } of calls) sink.whole(name, callArguments);
  return true;
}

/** Where the list, or the call, ends; undefined while it has not. */
function endOf(text: string): number | undefined {
  let depth = 0;
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (quote !== '') {
      if (character === '\\') at += 1;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return undefined;
}
