import { fit } from '../syntax/pattern.ts';
import type { CallSyntax } from '../syntax/turn-syntax.ts';
import { readBracesCalls } from './braces-calls.ts';
import { type CallInput, more, type Reading } from './call-input.ts';
import type { CallSink } from './call-sink.ts';
import { readJsonCalls } from './json-calls.ts';
import { readNamedCall } from './named-calls.ts';
import { readPythonCalls } from './python-calls.ts';
import { readTagsCall } from './tags-calls.ts';

/** Reads the text after the opening marker of calls; false when it is not a call. Nothing was emitted then. */
export function* readCalls(input: CallInput, syntax: CallSyntax, sink: CallSink): Reading<boolean> {
  const found = yield* readBodies(input, syntax, sink);
  if (found) yield* takeOptional(input, syntax.close);
  return found;
}

function* readBodies(input: CallInput, syntax: CallSyntax, sink: CallSink): Reading<boolean> {
  const { body } = syntax;
  switch (body.kind) {
    case 'json':
      return yield* readJsonCalls(input, syntax, body, sink);
    case 'python':
      return yield* readPythonCalls(input, sink);
    case 'braces':
      return yield* readBracesCalls(input, syntax, body.quote, sink);
    case 'named':
      return yield* readEach(input, syntax, () => readNamedCall(input, body, sink));
    case 'tags':
      return yield* readEach(input, syntax, () => readTagsCall(input, syntax, body, sink));
  }
}

/** Reads calls that each have their own opening and closing text. */
function* readEach(
  input: CallInput,
  { callOpen, callClose }: CallSyntax,
  one: () => Reading<boolean>,
): Reading<boolean> {
  let found = false;
  do {
    const opened = callOpen.trim() === '' || (yield* takeOptional(input, callOpen));
    if (!opened || !(yield* one())) return found;
    found = true;
    yield* takeOptional(input, callClose);
  } while (callOpen.trim() !== '');
  return found;
}

/** Takes a text if it is next; waits while that is not certain. */
export function* takeOptional(input: CallInput, pattern: string): Reading<boolean> {
  if (pattern.trim() === '') return false;
  while (true) {
    const end = fit(pattern, input.text);
    if (typeof end === 'number') {
      input.take(end);
      return true;
    }
    if (end === undefined || !(yield* more(input))) return false;
  }
}
