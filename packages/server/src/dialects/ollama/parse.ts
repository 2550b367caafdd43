import type { ToolDefinition } from '@latchkey/engine';
import type { ParsedChat } from '../../contracts/chat-dialect.ts';
import { IgnoredKeys, keys } from '../../wire/ignored-keys.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { readMessages } from './read-messages.ts';
import { paramsWith, readSettings } from './read-settings.ts';
import { createAnswer } from './render.ts';
import { chatSchema, type OllamaTool } from './schema.ts';

const KNOWN = keys(...Object.keys(chatSchema.shape));
const KNOWN_IN_TOOLS = keys('type', 'function');
const KNOWN_IN_FUNCTIONS = keys('name', 'description', 'parameters');

/** A body of `/api/chat` → the neutral request. Throws ServerError with the parameter's name. */
export function parseChat(input: unknown): ParsedChat {
  const body = validateBody(chatSchema, input);
  const ignored = new IgnoredKeys();
  ignored.note('', body, KNOWN);
  const paramOf = paramsWith('messages');
  return {
    stream: body.stream ?? true,
    request: {
      ...readSettings(body, ignored),
      messages: readMessages(body.messages ?? [], ignored),
      clientTools: (body.tools ?? []).map((tool) => toTool(tool, ignored)),
      toolChoice: 'auto',
    },
    answer: (identity) => createAnswer(identity, { kind: 'chat', model: body.model, paramOf }),
    ignored: ignored.list(),
    paramOf,
  };
}

function toTool(tool: OllamaTool, ignored: IgnoredKeys): ToolDefinition {
  ignored.note('tools[]', tool, KNOWN_IN_TOOLS);
  ignored.note('tools[].function', tool.function, KNOWN_IN_FUNCTIONS);
  const { name, description, parameters } = tool.function;
  return {
    name,
    parameters: parameters ?? { type: 'object', properties: {} },
    ...(description == null ? {} : { description }),
  };
}
