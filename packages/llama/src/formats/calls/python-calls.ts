import { type CallInput, more, type Reading, skipSpace } from './call-input.ts';
import { type CallSink, CUT_OFF } from './call-sink.ts';
import { PythonReader } from './python-reader.ts';

/** `[name(key='value'), other()]`, or one call without the brackets. */
export function* readPythonCalls(input: CallInput, sink: CallSink): Reading<boolean> {
  input.forget();
  if (!(yield* skipSpace(input)) || !/^\[|^[\p{L}_]/u.test(input.text)) return false;
  const end = new EndFinder();
  let length = end.find(input.text);
  while (length === undefined) {
    if (yield* more(input)) {
      length = end.find(input.text);
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

/** Finds the end of a list, or of a call, in a text that grows. */
class EndFinder {
  #at = 0;
  #depth = 0;
  #quote = '';
  #escaped = false;

  /** Undefined until the end has arrived. */
  find(text: string): number | undefined {
    for (; this.#at < text.length; this.#at += 1) {
      const character = text[this.#at] ?? '';
      if (this.#escaped) this.#escaped = false;
      else if (this.#quote !== '') {
        if (character === '\\') this.#escaped = true;
        else if (character === this.#quote) this.#quote = '';
      } else if (character === '"' || character === "'") this.#quote = character;
      else if ('([{'.includes(character)) this.#depth += 1;
      else if (')]}'.includes(character)) {
        this.#depth -= 1;
        if (this.#depth === 0) return this.#at + 1;
      }
    }
    return undefined;
  }
}
