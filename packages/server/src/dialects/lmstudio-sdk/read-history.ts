import { type AssistantPart, type ChatMessage, type InputPart, textOf } from '@latchkey/engine';
import { ServerError } from '../../contracts/server-error.ts';
import { readArguments } from '../../wire/call-arguments.ts';
import { readImage } from '../../wire/image-base64.ts';
import type { SdkMessage } from './schema.ts';

/** The history of a program → neutral messages; each result of a call is one. Throws ServerError with the path. */
export function readHistory(messages: readonly SdkMessage[]): ChatMessage[] {
  const called: Called = { names: new Map(), last: undefined };
  const counted = { values: 0 };
  return messages.flatMap(({ role, content }, index): ChatMessage[] => {
    const param = `history.messages[${index}]`;
    switch (role) {
      case 'system':
        return [{ role: 'system', content: textOf(toInput(content, param)) }];
      case 'user':
        return [{ role: 'user', content: toInput(content, param) }];
      case 'assistant':
        return [{ role: 'assistant', content: toParts(content, { param, index, called, counted }) }];
      default:
        return toResults(content, index, called);
    }
  });
}

type Content = SdkMessage['content'];

const toInput = (content: Content, param: string): readonly InputPart[] =>
  content.flatMap((part, index): InputPart[] => {
    if (part.type === 'text') return [{ type: 'text', text: part.text }];
    if (part.type !== 'file') return [];
    // An uploaded file is its own identifier.
    const image = readImage(part.identifier);
    if (image !== undefined) return [image];
    const at = `${param}.content[${index}]`;
    throw new ServerError('INVALID_REQUEST', `'${at}' is a file that this server has not taken: images only.`, {
      param: at,
    });
  });

/** The calls so far. */
interface Called {
  /** The tools that were called, by call. */
  readonly names: Map<string, string>;
  /** The call to which a result without an id belongs. */
  last: string | undefined;
}

interface Place {
  readonly param: string;
  readonly index: number;
  readonly called: Called;
  readonly counted: { values: number };
}

const toParts = (content: Content, { param, index, called, counted }: Place): readonly AssistantPart[] =>
  content.flatMap((part, position): AssistantPart[] => {
    if (part.type === 'text') return part.text === '' ? [] : [{ type: 'text', text: part.text }];
    if (part.type !== 'toolCallRequest') return [];
    const { id, name, arguments: args } = part.toolCallRequest;
    const call = { id: id || `call_${index}_${position}`, name: name || 'unknown' };
    called.names.set(call.id, call.name);
    called.last = call.id;
    const at = `${param}.content[${position}].toolCallRequest.arguments`;
    return [{ type: 'tool_call', ...call, arguments: readArguments(args, at, counted) }];
  });

const toResults = (content: Content, index: number, { names, last }: Called): ChatMessage[] =>
  content.flatMap((part, position): ChatMessage[] => {
    if (part.type !== 'toolCallResult') return [];
    const toolCallId = part.toolCallId || (last ?? `call_${index}_${position}`);
    const name = part.name || (names.get(toolCallId) ?? 'unknown');
    return [{ role: 'tool', toolCallId, name, content: [{ type: 'text', text: part.content }] }];
  });
