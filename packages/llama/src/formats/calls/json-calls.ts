import { fit } from '../syntax/pattern.ts';
import type { CallBody, CallSyntax } from '../syntax/turn-syntax.ts';
import { type CallInput, more, type Reading, skipSpace } from './call-input.ts';
import { type CallSink, CUT_OFF } from './call-sink.ts';
import { JsonCall } from './json-call.ts';

/** Objects that are calls: one, several in a row, or the items of a list. */
export function* readJsonCalls(
  input: CallInput,
  { callOpen, callClose }: CallSyntax,
  body: Extract<CallBody, { kind: 'json' }>,
  sink: CallSink,
): Reading<boolean> {
  if (!(yield* beginsObject(input))) return false;
  if (input.text.startsWith('[')) input.take(1);
  while (yield* skipSpace(input)) {
    yield* take(input, callOpen);
    if (!(yield* skipSpace(input)) || !input.text.startsWith('{')) break;
    if (!(yield* readObject(input, body, sink))) return true;
    yield* take(input, callClose);
    yield* take(input, ',');
  }
  yield* take(input, ']');
  return true;
}

/** Whether an object, or a list that contains one, begins here. */
function* beginsObject(input: CallInput): Reading<boolean> {
  while (yield* skipSpace(input)) {
    if (/^\[?\s*\{/.test(input.text)) return true;
    if (!/^\[\s*$/.test(input.text) || !(yield* more(input))) return false;
  }
  return false;
}

function* readObject(input: CallInput, body: Extract<CallBody, { kind: 'json' }>, sink: CallSink): Reading<boolean> {
  input.forget();
  const call = new JsonCall(body, sink);
  while (!call.finished) {
    input.take(call.read(input.text));
    if (call.finished || (yield* more(input))) continue;
    input.takeAll();
    sink.invalid(CUT_OFF, input.taken);
    return false;
  }
  return true;
}

function* take(input: CallInput, pattern: string): Reading<void> {
  if (pattern === '') return;
  while (true) {
    const end = fit(pattern, input.text);
    if (typeof end === 'number') input.take(end);
    if (end !== 'more' || !(yield* more(input))) return;
  }
}
