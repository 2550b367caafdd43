import type { ComponentChildren, VNode } from 'preact';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../src/api/api-error.ts';
import type { Message } from '../src/api/conversations.ts';
import type { Token } from '../src/api/tokens.ts';
import { TokenTable } from '../src/pages/tokens.tsx';
import { ArgumentList } from '../src/parts/argument-list.tsx';
import { describeGrant } from '../src/parts/describe-grant.ts';
import { MessageView } from '../src/parts/message-view.tsx';
import { Failure } from '../src/parts/notice.tsx';

/** Of each kind one: a control, one that turns the text around, a blank, a selector, a filler, a tag. */
const HIDDEN = [
  '\u001b',
  '\u009b',
  '\u202e',
  '\u2066',
  '\u200b',
  '\u2028',
  '\ufe01',
  '\u034f',
  '\u3164',
  '\u2800',
  '\u{e0041}',
];
const STRANGE = `a${HIDDEN.join('.')}b`;

/** The texts that a part shows, and those that are read out. Parts with a state of their own are looked at by a browser. */
function textsIn(node: ComponentChildren): string[] {
  if (typeof node === 'string') return [node];
  if (Array.isArray(node)) return node.flatMap(textsIn);
  if (typeof node !== 'object' || node === null || !('props' in node)) return [];
  const { type, props } = node as VNode<Record<string, unknown>>;
  if (typeof type === 'function' && !STATEFUL.has(type.name))
    return textsIn((type as (given: object) => ComponentChildren)(props));
  const { 'aria-label': label, title, children } = props;
  return [label, title].filter((text) => typeof text === 'string').concat(textsIn(children as ComponentChildren));
}

const STATEFUL = new Set(['Moment']);

const message = (more: object): Message => ({ role: 'assistant', content: '', ...more }) as Message;
const token = { id: 'a', name: STRANGE, owner: STRANGE, project: STRANGE, kind: STRANGE } as unknown as Token;

describe('a text of strangers', () => {
  it.each([
    ['a message', () => MessageView({ message: message({ content: STRANGE }) })],
    ['a part of a message', () => MessageView({ message: message({ content: [{ type: 'text', text: STRANGE }] }) })],
    ['reasoning', () => MessageView({ message: message({ reasoning: STRANGE }) })],
    [
      'the result of a tool',
      () => MessageView({ message: message({ role: 'tool', name: STRANGE, content: STRANGE }) }),
    ],
    [
      'a call',
      () =>
        MessageView({
          message: message({ tool_calls: [{ id: '1', name: STRANGE, arguments: { [STRANGE]: STRANGE } }] }),
        }),
    ],
    ['an argument', () => ArgumentList({ value: { [STRANGE]: STRANGE } })],
    ['a long argument', () => ArgumentList({ value: { [STRANGE]: STRANGE.repeat(20) } })],
    ['an error', () => Failure({ error: new ApiError(400, '', STRANGE) })],
    ['a token', () => TokenTable({ nodes: [{ token, depth: 0 }] })],
    [
      'a grant',
      () =>
        describeGrant({
          actions: [STRANGE],
          models: [STRANGE],
          projects: [STRANGE],
          mcp: { [STRANGE]: { tools: { [STRANGE]: {} } } },
        }).join(' '),
    ],
  ])('has each hidden character written out (%s)', (_, render) => {
    const texts = textsIn(render());
    expect(texts.join(' ')).toContain('a\\');
    for (const text of texts) for (const character of HIDDEN) expect(text).not.toContain(character);
  });
});
