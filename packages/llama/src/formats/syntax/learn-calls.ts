import { ANY, commonSuffix, KEY, merge, withoutTagEnded } from './pattern.ts';
import { PROBE } from './probes.ts';
import { leadingTag } from './tags.ts';
import type { CallBody, CallSyntax, Enclosure } from './turn-syntax.ts';

/** An assistant's turn with one tool call, and another with two. */
export interface CallTurns {
  /** From where the model's own turn begins, to its end. */
  readonly one: string;
  /** Absent: the template accepts one call per message. */
  readonly two?: string;
  /** The end of a turn with only text. */
  readonly turnEnd: string;
  /** The enclosures that may be empty before calls: of a thought, of an answer. */
  readonly enclosures: readonly Enclosure[];
  /** The end of the prompt. */
  readonly headerEnd: string;
}

/** A call in a rendered turn: its place and its syntax. */
interface FoundCall {
  readonly start: number;
  readonly end: number;
  readonly body: CallBody;
}

/** The syntax in which a template writes calls; undefined when it cannot be determined. */
export function learnCalls({ one, two, turnEnd, enclosures, headerEnd }: CallTurns): CallSyntax | undefined {
  const turn = withoutIds(two ?? one);
  const first = findCall(turn, PROBE.tool, 0);
  if (first === undefined) return undefined;
  const second = two === undefined ? undefined : findCall(turn, PROBE.otherTool, first.end);
  const before = enclosures.reduce(withoutEnclosure, withoutHeader(turn.slice(0, first.start), headerEnd));
  const rest = turn.slice((second ?? first).end);
  const isList = (first.body.kind === 'json' && before.trimEnd().endsWith('[')) || first.body.kind === 'python';
  const opening = isList && first.body.kind === 'json' ? before.trimEnd().slice(0, -1) : before;
  const between = second === undefined || isList ? undefined : turn.slice(first.end, second.start);
  const body = second === undefined ? first.body : mergeBodies(first.body, second.body);
  const callOpen = between === undefined ? '' : withoutTagEnded(commonSuffix(opening, between)).trim();
  const sectionOpen = opening
    .trimEnd()
    .slice(0, opening.trimEnd().length - callOpen.length)
    .trim();
  const callClose =
    between === undefined
      ? ''
      : between
          .trimEnd()
          .slice(0, between.trimEnd().length - callOpen.length)
          .trim();
  const shared = { list: isList, body, endsTurn: false };
  if (sectionOpen === '' && callOpen !== '') {
    return { ...splitAtLine(callOpen, callClose), ...shared };
  }
  const last = isList && first.body.kind === 'json' ? ']' : callClose;
  const afterLast = rest.trimStart().startsWith(last) ? rest.trimStart().slice(last.length) : rest;
  const sectionClose = withoutTurnEnd(afterLast, turnEnd).trim();
  return { open: [sectionOpen], close: sectionClose, callOpen, callClose: callClose.replace(/^,$/, ''), ...shared };
}

function withoutIds(text: string): string {
  return text.replaceAll(PROBE.id, ANY).replaceAll(PROBE.otherId, ANY);
}

function withoutHeader(text: string, headerEnd: string): string {
  return headerEnd !== '' && text.trimStart().startsWith(headerEnd) ? text.trimStart().slice(headerEnd.length) : text;
}

function withoutEnclosure(text: string, { open, close }: Enclosure): string {
  const at = close.trim() === '' ? -1 : text.lastIndexOf(close.trim());
  const cut = at < 0 ? text : text.slice(at + close.trim().length);
  return (open.trim() === '' ? cut : cut.replace(open.trim(), '')).trimStart();
}

/** The text before the common end of turns. */
function withoutTurnEnd(text: string, turnEnd: string): string {
  const line = /\S[^\n]*/.exec(turnEnd)?.[0].trim() ?? '';
  const end = leadingTag(line) || (/^[^<]*<[^<>]*>/.exec(line)?.[0] ?? line);
  const at = end === '' ? -1 : text.indexOf(end);
  return at < 0 ? leadingTag(text) || (/^[^<\n]*/.exec(text.trimStart())?.[0] ?? '') : text.slice(0, at);
}

/** Splits two tags on separate lines: one around all calls, and one around each. */
function splitAtLine(open: string, close: string): Pick<CallSyntax, 'open' | 'close' | 'callOpen' | 'callClose'> {
  const [, outer, inner] = /^(<[^<>\n]*>)\s+(\S[\s\S]*)$/.exec(open) ?? [];
  const [, innerClose, outerClose] = /^([\s\S]*\S)\s+(<[^<>\n]*>)$/.exec(close) ?? [];
  if (outer === undefined || inner === undefined || innerClose === undefined || outerClose === undefined) {
    return { open: [open], close, callOpen: '', callClose: '' };
  }
  return { open: [outer], close: outerClose, callOpen: inner, callClose: innerClose };
}

function findCall(turn: string, name: string, from: number): FoundCall | undefined {
  const at = turn.indexOf(name, from);
  if (at < 0) return undefined;
  return (
    findJson(turn, name, from, at) ??
    findPython(turn, name, at) ??
    findBraces(turn, name, at) ??
    findTags(turn, name, at)
  );
}

/** Finds an object with the name and the arguments, or one with the arguments after the name. */
function findJson(turn: string, name: string, from: number, at: number): FoundCall | undefined {
  for (
    let start = turn.lastIndexOf('{', at);
    start >= from;
    start = start === 0 ? -1 : turn.lastIndexOf('{', start - 1)
  ) {
    const found = objectAt(turn, start);
    if (found === undefined || found.end <= at) continue;
    const body = jsonBody(found.value, name);
    if (body !== undefined) return { start, end: found.end, body };
  }
  const start = turn.indexOf('{', at);
  const found = start < 0 ? undefined : objectAt(turn, start);
  if (found === undefined || found.value[PROBE.key] !== PROBE.value) return undefined;
  const nameEnd = turn.slice(at + name.length, start);
  return { start: at, end: found.end, body: { kind: 'named', nameEnd } };
}

function jsonBody(call: Record<string, unknown>, name: string): CallBody | undefined {
  const entries = Object.entries(call);
  const holder = entries.find(([, value]) => isArguments(value));
  if (holder === undefined) return undefined;
  const [key] = holder;
  if (key === name) return { kind: 'json', name: '', arguments: '', nameIsKey: true };
  const naming = entries.find(([, value]) => value === name);
  const others = entries.filter((entry) => entry !== holder && entry !== naming && typeof entry[1] === 'string');
  const [id] = others.filter(([other]) => /id$/i.test(other));
  return (
    naming && {
      kind: 'json',
      name: naming[0],
      arguments: key,
      nameIsKey: false,
      ...(id === undefined ? {} : { id: { key: id[0], first: entries[0] === id } }),
    }
  );
}

function isArguments(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, PROBE.key);
}

function objectAt(
  text: string,
  start: number,
): { readonly value: Record<string, unknown>; readonly end: number } | undefined {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1;
    if (text[at] !== '}') continue;
    depth -= 1;
    if (depth > 0) continue;
    try {
      return { value: JSON.parse(text.slice(start, at + 1)), end: at + 1 };
    } catch {
      return undefined;
    }
  }
  return undefined;
}

function findPython(turn: string, name: string, at: number): FoundCall | undefined {
  const start = turn.lastIndexOf('[', at);
  if (!turn.startsWith(`${name}(${PROBE.key}=`, at) || start < 0) return undefined;
  const end = turn.indexOf(')]', at);
  return end < 0 ? undefined : { start, end: end + 2, body: { kind: 'python' } };
}

/** `name{key:<quote>value<quote>,…}` */
function findBraces(turn: string, name: string, at: number): FoundCall | undefined {
  const open = at + name.length;
  const end = turn.indexOf('}', open);
  const value = turn.indexOf(PROBE.value, open);
  if (turn[open] !== '{' || end < value || value < 0) return undefined;
  const quote = turn.slice(value + PROBE.value.length, end).split(/[,}]/)[0] ?? '';
  return { start: at, end: end + 1, body: { kind: 'braces', quote } };
}

/** Finds a call with each argument between its own opening and closing text. */
function findTags(turn: string, name: string, at: number): FoundCall | undefined {
  const afterName = at + name.length;
  const key = turn.indexOf(PROBE.key, afterName);
  const value = turn.indexOf(PROBE.value, key);
  const number = turn.indexOf(String(PROBE.number), value);
  const otherKey = turn.lastIndexOf(PROBE.otherKey, number);
  if (key < 0 || value < 0 || number < 0 || otherKey < value) return undefined;
  const nameEnd = turn.slice(afterName, key);
  const toValue = merge(
    turn.slice(key + PROBE.key.length, value),
    turn.slice(otherKey + PROBE.otherKey.length, number),
  );
  const toKey = turn.slice(value + PROBE.value.length, otherKey).replaceAll(PROBE.key, KEY);
  const keyOpen = withoutTagEnded(commonSuffix(nameEnd, toKey));
  const valueClose = toKey.slice(0, toKey.length - keyOpen.length);
  const afterNumber = turn.slice(number + String(PROBE.number).length).replaceAll(PROBE.otherKey, KEY);
  const close = afterNumber.startsWith(valueClose.trim()) || afterNumber.trimStart().startsWith(valueClose.trim());
  const closed = close ? afterNumber.indexOf(valueClose.trim()) + valueClose.trim().length : 0;
  const taken = afterNumber.slice(0, closed).replaceAll(KEY, PROBE.otherKey).length;
  return {
    start: at,
    end: number + String(PROBE.number).length + taken,
    body: {
      kind: 'tags',
      nameEnd: nameEnd.slice(0, nameEnd.length - keyOpen.length).trim(),
      keyOpen: keyOpen.trim(),
      keyClose: toValue.trim(),
      valueClose: valueClose.trim(),
      onLines: toValue.endsWith('\n') && valueClose.startsWith('\n'),
    },
  };
}

/** Where two calls differ in more than names and arguments, the difference is a number or an id. */
function mergeBodies(first: CallBody, second: CallBody): CallBody {
  if (first.kind === 'named' && second.kind === 'named')
    return { ...first, nameEnd: merge(first.nameEnd, second.nameEnd) };
  if (first.kind === 'tags' && second.kind === 'tags')
    return { ...first, nameEnd: merge(first.nameEnd, second.nameEnd) };
  return first;
}
