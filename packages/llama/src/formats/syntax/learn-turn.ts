import { CALL_TAGS, EXPLAINED_CALLS, knownSyntaxOf, THINK } from './known-syntaxes.ts';
import { learnCalls } from './learn-calls.ts';
import { commonPrefix, withoutTagBegun } from './pattern.ts';
import {
  type CallMessageForm,
  PROBE,
  PROBE_TOOLS,
  type Prober,
  probeCall,
  probeResult,
  probeUser,
  THOUGHT_FIELDS,
  type ThoughtField,
  withThought,
} from './probes.ts';
import { leadingTag, trailingTag } from './tags.ts';
import type { CallSyntax, Enclosure, TurnSyntax } from './turn-syntax.ts';

/** How a template handles tools and thoughts, and how its model writes a turn. */
export interface LearnedTurn {
  readonly syntax: TurnSyntax;
  /** Whether the template shows tools to the model. */
  readonly showsTools: boolean;
  /** The form in which it accepts a message with calls; absent: it leaves them out. */
  readonly callMessage?: CallMessageForm;
  /** Whether it accepts several calls in one message. */
  readonly severalCalls: boolean;
  /** Whether it shows a tool's result. */
  readonly showsResults: boolean;
  /** The field in which it accepts thoughts; absent: it leaves them out. */
  readonly thoughtField?: ThoughtField;
}

const FORMS: readonly CallMessageForm[] = [
  { argumentsAs: 'object', content: 'text' },
  { argumentsAs: 'object', content: 'empty' },
  { argumentsAs: 'object', content: 'null' },
  { argumentsAs: 'text', content: 'text' },
  { argumentsAs: 'text', content: 'empty' },
  { argumentsAs: 'text', content: 'null' },
];

/** A template that does not support chunks prints them as they are. */
const PRINTED_CHUNK = /['"]type['"]: ?['"]thinking/;

/** Learns the syntax of a turn by rendering probes. */
export function learnTurn(prober: Prober): LearnedTurn {
  const known = knownSyntaxOf(prober.source);
  const showsTools = prober.render({ messages: [probeUser], tools: PROBE_TOOLS }).includes(PROBE.tool);
  const callMessage = FORMS.find((form) => showsCall(prober, form));
  const several = callMessage !== undefined && showsCalls(prober, callMessage);
  const header = headerOf(prober);
  const thoughtField = THOUGHT_FIELDS.find((field) => {
    const turn = thoughtTurn(prober, field, callMessage);
    return turn.includes(PROBE.thought) && !PRINTED_CHUNK.test(turn);
  });
  const reasoning =
    known.reasoning ??
    (thoughtField && learnReasoning(prober, thoughtField, callMessage)) ??
    reasoningOfPrompt(header) ??
    THINK;
  const content = known.content ?? learnContent(prober, header, reasoning);
  const calls =
    known.calls ?? learnCallSyntax(prober, callMessage, several, [reasoning, ...(content ? [content] : [])]);
  return {
    syntax: {
      reasoning,
      ...(content === undefined ? {} : { content }),
      ...(known.glue === undefined && calls !== undefined ? {} : { glue: known.glue ?? CALL_TAGS.close }),
      calls: calls ?? EXPLAINED_CALLS,
      ...(known.channels === undefined ? {} : { channels: known.channels }),
    },
    showsTools: showsTools && calls !== undefined,
    ...(callMessage === undefined || calls === undefined ? {} : { callMessage }),
    severalCalls: several,
    // If the template only prints an unknown role, its model does not see a tool's result.
    showsResults: (showsTools || callMessage !== undefined) && showsResult(prober, callMessage),
    ...(thoughtField === undefined ? {} : { thoughtField }),
  };
}

function callingMessage(form: CallMessageForm, several: boolean): object {
  const content = { text: PROBE.said, empty: '', null: null }[form.content];
  const calls = [probeCall(0, form.argumentsAs), ...(several ? [probeCall(1, form.argumentsAs)] : [])];
  return { role: 'assistant', content, tool_calls: calls };
}

function calledTurn(prober: Prober, form: CallMessageForm, several = false, said = true): string {
  const message = callingMessage(
    said ? form : { ...form, content: form.content === 'text' ? 'empty' : form.content },
    several,
  );
  const results = [probeResult(0), ...(several ? [probeResult(1)] : [])];
  return prober.afterUser({ messages: [probeUser, message, ...results], tools: PROBE_TOOLS });
}

function showsCall(prober: Prober, form: CallMessageForm): boolean {
  const turn = calledTurn(prober, form);
  const shown =
    turn.includes(PROBE.tool) && turn.includes(PROBE.value) && (form.content !== 'text' || turn.includes(PROBE.said));
  return shown && turn.indexOf(PROBE.value) > turn.indexOf(PROBE.tool);
}

function showsCalls(prober: Prober, form: CallMessageForm): boolean {
  const turn = calledTurn(prober, form, true);
  return turn.includes(PROBE.tool) && turn.includes(PROBE.otherTool) && turn.split(PROBE.value).length > 2;
}

function showsResult(prober: Prober, form: CallMessageForm | undefined): boolean {
  const message = form === undefined ? { role: 'assistant', content: PROBE.said } : callingMessage(form, false);
  return prober.render({ messages: [probeUser, message, probeResult(0)], tools: PROBE_TOOLS }).includes(PROBE.result);
}

/** The text that opens the model's turn after a user's message, including the opening of a thought. */
function headerOf(prober: Prober): string {
  return prober.afterUser({ messages: [probeUser], tools: PROBE_TOOLS }) || prober.afterUser({ messages: [probeUser] });
}

/** The text after the header of a turn, up to `end`. */
function turnBody(prober: Prober, turn: string, end: string): string {
  const at = turn.indexOf(end);
  const header = withoutTagBegun(commonPrefix(headerOf(prober), turn));
  return turn.slice(header.length, at < 0 ? undefined : at);
}

function learnCallSyntax(
  prober: Prober,
  form: CallMessageForm | undefined,
  several: boolean,
  enclosures: readonly Enclosure[],
): CallSyntax | undefined {
  if (form === undefined) return undefined;
  const one = turnBody(prober, calledTurn(prober, form, false, false), PROBE.result);
  const two = several ? turnBody(prober, calledTurn(prober, form, true, false), PROBE.result) : undefined;
  return learnCalls({
    one,
    ...(two === undefined ? {} : { two }),
    turnEnd: withoutClose(saidTurn(prober).after, enclosures),
    enclosures,
    headerEnd: trailingTag(headerOf(prober)),
  });
}

function withoutClose(after: string, enclosures: readonly Enclosure[]): string {
  const close = enclosures
    .map((enclosure) => enclosure.close)
    .find((text) => text !== '' && after.trimStart().startsWith(text));
  return close === undefined ? after : after.trimStart().slice(close.length);
}

/** The text before and after the message of a turn with only text. */
function saidTurn(prober: Prober): { readonly before: string; readonly after: string } {
  const messages = [probeUser, { role: 'assistant', content: PROBE.said }, { role: 'user', content: PROBE.again }];
  const turn = prober.afterUser({ messages, tools: PROBE_TOOLS }) || prober.afterUser({ messages });
  const at = turn.indexOf(PROBE.said);
  if (at < 0) return { before: '', after: '' };
  const end = turn.indexOf(PROBE.again);
  const header = withoutTagBegun(commonPrefix(headerOf(prober), turn));
  return {
    before: turn.slice(header.length, at),
    after: turn.slice(at + PROBE.said.length, end < 0 ? undefined : end),
  };
}

function learnContent(prober: Prober, header: string, reasoning: Enclosure): Enclosure | undefined {
  const { before, after } = saidTurn(prober);
  const open = before.replace(reasoning.open.trim(), '').replace(reasoning.close.trim(), '').trim();
  if (open === '' || header.includes(open) || !/[>\]]$/.test(open)) return undefined;
  return { open, close: leadingTag(after) };
}

function thoughtTurn(prober: Prober, field: ThoughtField, form: CallMessageForm | undefined): string {
  const message =
    form === undefined
      ? { role: 'assistant', content: PROBE.said }
      : callingMessage({ ...form, content: form.content === 'text' ? 'empty' : form.content }, false);
  const thinking = withThought(message, field, PROBE.thought);
  return prober.afterUser({
    messages: [probeUser, thinking, ...(form === undefined ? [] : [probeResult(0)])],
    tools: PROBE_TOOLS,
    enable_thinking: true,
  });
}

function learnReasoning(prober: Prober, field: ThoughtField, form: CallMessageForm | undefined): Enclosure | undefined {
  const turn = thoughtTurn(prober, field, form);
  const at = turn.indexOf(PROBE.thought);
  const tail = turn.slice(at + PROBE.thought.length);
  const before = turn.slice(0, at);
  const header = withoutTagBegun(commonPrefix(headerOf(prober), before));
  // The opening of a thought may be part of the prompt.
  const open = before.slice(header.length).trim() || trailingTag(before);
  const bare = form === undefined ? '' : callsBegin(turn, calledTurn(prober, form, false, false));
  const until = bare === '' ? -1 : tail.indexOf(bare);
  const close = until > 0 ? tail.slice(0, until).trim() : leadingTag(tail);
  return open === '' || close === '' ? undefined : { open, close };
}

/** The beginning of the calls that both turns have in common. */
function callsBegin(thinking: string, calling: string): string {
  const end = thinking.length - thinking.indexOf(PROBE.tool);
  const start = calling.length - calling.indexOf(PROBE.tool);
  const [a, b] = [thinking.slice(0, thinking.length - end), calling.slice(0, calling.length - start)];
  let length = 0;
  while (length < b.length && a.at(-1 - length) === b.at(-1 - length)) length += 1;
  const shared = a.slice(a.length - length);
  const tag = shared.search(/[<[{]/);
  return tag < 0 ? '' : shared.slice(tag);
}

/** The markers of a thought that the prompt opens, or opens and closes. */
function reasoningOfPrompt(header: string): Enclosure | undefined {
  const open = header.match(/<[^<>/]{1,40}>/g)?.find((tag) => /think|thought/i.test(tag));
  return open === undefined ? undefined : { open, close: open.replace('<', '</') };
}
