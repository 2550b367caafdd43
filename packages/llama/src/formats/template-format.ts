import type { ToolDefinition } from '@latchkey/engine';
import { adaptMessages, splitCalls, splitSaid } from './adapt-messages.ts';
import type { ChatFormat, Conversation } from './chat-format.ts';
import { type PlainMessage, plainText } from './plain-message.ts';
import { reasoningVariables } from './reasoning-variables.ts';
import type { LearnedTurn } from './syntax/learn-turn.ts';
import { withThought } from './syntax/probes.ts';
import type { TemplateManners } from './template-manners.ts';
import type { ChatTemplate } from './template-rendering.ts';
import { writeCalls } from './write-calls.ts';

/** What was learned about a template. */
export interface TemplateFormatOptions {
  readonly learned: LearnedTurn;
  readonly manners: TemplateManners;
  /** Texts that end the model's turn when the template has no token for that. */
  readonly stop?: readonly string[];
}

/**
 * The chat format of a model's template. What the template does not support is written as text: tools are explained in
 * the system message, calls become part of the assistant's text, results part of the user's.
 */
export function templateFormat(
  template: ChatTemplate,
  { learned, manners, stop = [] }: TemplateFormatOptions,
): ChatFormat {
  return {
    syntax: learned.syntax,
    stop,
    render({ messages, tools, reasoning }: Conversation) {
      const explained = learned.showsTools ? [] : explainTools(tools, learned);
      const known = [...explained, ...messages].map((message) => withoutUnknown(message, learned));
      const apart =
        learned.callMessage !== undefined && learned.callMessage.content !== 'text' ? splitSaid(known) : known;
      const single = learned.severalCalls || learned.callMessage === undefined ? apart : splitCalls(apart);
      const adapted = adaptMessages(single, manners);
      return template.render({
        messages: adapted.map((message) => toTemplateMessage(message, learned)),
        ...(tools.length === 0 || !learned.showsTools ? {} : { tools: toTemplateTools(tools) }),
        ...reasoningVariables(reasoning),
      });
    },
  };
}

function explainTools(tools: readonly ToolDefinition[], { syntax }: LearnedTurn): PlainMessage[] {
  if (tools.length === 0) return [];
  const lines = [
    'You can use tools. To use one, write a line of exactly this form, with the tool’s name and its arguments as JSON:',
    writeCalls(syntax.calls, [{ name: 'tool_name', arguments: { key: 'value' } }]),
    'Then stop: the result comes with the next message. If no tool helps, answer directly.',
    'These are the tools, one per line, with the JSON Schema of their arguments:',
    ...tools.map(({ name, description, parameters }) => JSON.stringify({ name, description, parameters })),
  ];
  return [{ role: 'system', content: lines.join('\n') }];
}

/** Turns calls and results into text where the template leaves them out. */
function withoutUnknown(message: PlainMessage, { callMessage, showsResults, syntax }: LearnedTurn): PlainMessage {
  if (message.role === 'tool' && !showsResults) {
    return {
      role: 'user',
      content: [{ type: 'text', text: `Result of the tool ${message.name}:\n${message.content}` }],
    };
  }
  if (message.role !== 'assistant' || callMessage !== undefined || (message.toolCalls?.length ?? 0) === 0)
    return message;
  const { toolCalls = [], ...rest } = message;
  const content = [message.content, writeCalls(syntax.calls, toolCalls)].filter(Boolean).join('\n');
  return { ...rest, content };
}

function toTemplateMessage(message: PlainMessage, learned: LearnedTurn): object {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.content };
    case 'user':
      return { role: 'user', content: plainText(message.content) };
    case 'tool':
      return { role: 'tool', content: message.content, name: message.name, tool_call_id: message.toolCallId };
    case 'assistant': {
      const { toolCalls = [], reasoning } = message;
      const { callMessage, thoughtField } = learned;
      const content =
        toolCalls.length > 0 && callMessage?.content === 'null' && message.content === '' ? null : message.content;
      const plain = {
        role: 'assistant',
        content,
        ...(toolCalls.length === 0
          ? {}
          : { tool_calls: toolCalls.map((call) => toTemplateCall(call, callMessage?.argumentsAs === 'text')) }),
      };
      return reasoning === undefined || thoughtField === undefined
        ? plain
        : withThought(plain, thoughtField, reasoning);
    }
  }
}

function toTemplateCall(
  { id, name, arguments: callArguments }: { readonly id: string; readonly name: string; readonly arguments: unknown },
  asText: boolean,
): object {
  const given = asText ? JSON.stringify(callArguments) : callArguments;
  return { id, type: 'function', function: { name, arguments: given } };
}

/** The tools in the form that chat templates expect. */
function toTemplateTools(tools: readonly ToolDefinition[]): object[] {
  return tools.map(({ name, description, parameters }) => ({
    type: 'function',
    function: { name, ...(description === undefined ? {} : { description }), parameters },
  }));
}
