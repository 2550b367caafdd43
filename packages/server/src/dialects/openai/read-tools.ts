import type { ToolChoice, ToolDefinition } from '@latchkey/engine';
import { ServerError } from '../../contracts/server-error.ts';
import { type IgnoredKeys, keys } from '../../wire/ignored-keys.ts';
import type { ChatCompletionBody } from './schema.ts';

const KNOWN = keys('type', 'function');
const KNOWN_IN_FUNCTIONS = keys('name', 'description', 'parameters', 'strict');

type Chat = Pick<ChatCompletionBody, 'tools' | 'tool_choice' | 'integrations'>;

/** The client tools, and which of them the model must use. Tool types that only OpenAI runs are ignored. */
export function readTools(
  chat: Chat,
  ignored: IgnoredKeys,
): { readonly clientTools: readonly ToolDefinition[]; readonly toolChoice: ToolChoice } {
  const tools = (chat.tools ?? []).flatMap((tool, index): ToolDefinition[] => {
    ignored.note('tools[]', tool, KNOWN);
    if (tool.type && tool.type !== 'function') {
      ignored.add(`tools[].${tool.type}`);
      return [];
    }
    if (!tool.function) throw missing(`tools[${index}].function`);
    ignored.note('tools[].function', tool.function, KNOWN_IN_FUNCTIONS);
    const { name, description, parameters } = tool.function;
    return [
      {
        name,
        parameters: parameters ?? { type: 'object', properties: {} },
        ...(description == null ? {} : { description }),
      },
    ];
  });
  const { toolChoice, allowed } = readChoice(chat.tool_choice);
  const clientTools = allowed === undefined ? tools : tools.filter(({ name }) => allowed.includes(name));
  const hasTools = clientTools.length > 0 || (chat.integrations ?? []).length > 0;
  if (toolChoice === 'required' && !hasTools) throw invalid('asks for a call of a tool, and there are no tools.');
  if (typeof toolChoice === 'object' && !clientTools.some(({ name }) => name === toolChoice.name)) {
    throw invalid("names a tool that is not among 'tools'.");
  }
  return { clientTools, toolChoice };
}

interface Choice {
  readonly toolChoice: ToolChoice;
  /** If present, only these may be used. */
  readonly allowed?: readonly string[];
}

const WORDS: Readonly<Record<string, ToolChoice>> = {
  none: 'none',
  auto: 'auto',
  required: 'required',
  any: 'required',
};

function readChoice(choice: Chat['tool_choice']): Choice {
  if (choice === null || choice === undefined) return { toolChoice: 'auto' };
  const word = typeof choice === 'string' ? choice : choice.type;
  const known = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
  if (known !== undefined) return { toolChoice: known };
  if (typeof choice === 'string') throw invalid(`is not one of ${Object.keys(WORDS).join(', ')}.`);
  if (word === 'function' || word === 'tool') {
    const name = nameOf(choice);
    if (name === undefined) throw missing('tool_choice.function');
    return { toolChoice: { name } };
  }
  if (word !== 'allowed_tools') throw invalid('is of a type that this server does not know.', 'tool_choice.type');
  const inner = objectOf(choice.allowed_tools) ?? choice;
  const { mode = 'auto', tools } = inner;
  const toolChoice = typeof mode === 'string' && Object.hasOwn(WORDS, mode) ? WORDS[mode] : undefined;
  const allowed = Array.isArray(tools) ? tools.slice(0, 128).map((tool) => nameOf(objectOf(tool) ?? {})) : undefined;
  if (toolChoice === undefined || allowed === undefined) throw invalid("needs a 'mode' and a list of 'tools'.");
  return { toolChoice, allowed: allowed.filter((name) => name !== undefined) };
}

function nameOf(tool: Readonly<Record<string, unknown>>): string | undefined {
  const { name = objectOf(tool.function)?.name } = tool;
  return typeof name === 'string' ? name : undefined;
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null ? { ...value } : undefined;

const missing = (param: string): ServerError =>
  new ServerError('MISSING_PARAMETER', `'${param}' is required.`, { param });
const invalid = (problem: string, param = 'tool_choice'): ServerError =>
  new ServerError('INVALID_REQUEST', `'${param}' ${problem}`, { param });
