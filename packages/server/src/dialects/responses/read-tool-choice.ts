import type { ToolChoice, ToolDefinition } from '@latchkey/engine';
import type { IntegrationRequest } from '../../contracts/chat-request.ts';
import { ServerError } from '../../contracts/server-error.ts';
import type { IgnoredKeys } from '../../wire/ignored-keys.ts';
import type { CountBody } from './schema.ts';
import { flatName, type ToolNames } from './tool-names.ts';

type Sent = CountBody['tool_choice'];

interface Offered {
  readonly clientTools: readonly ToolDefinition[];
  readonly names: ToolNames;
  readonly labels: ReadonlyMap<string, string>;
  readonly integrations: readonly IntegrationRequest[];
}

/** Which tools the model must use, and which of those that were sent it may use. */
interface Chosen {
  readonly toolChoice: ToolChoice;
  readonly integrations: readonly IntegrationRequest[];
  readonly isAllowed: (name: string) => boolean;
}

const WORDS: Readonly<Record<string, ToolChoice>> = { none: 'none', auto: 'auto', required: 'required' };

/** Reads `tool_choice` in all its forms. Throws ServerError with the path. */
export function readToolChoice(choice: Sent, offered: Offered, ignored: IgnoredKeys): Chosen {
  const { integrations, labels } = offered;
  const all = { integrations, isAllowed: () => true };
  if (choice == null) return { toolChoice: 'auto', ...all };
  const word = typeof choice === 'string' ? choice : choice.type;
  const known = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
  if (known !== undefined) return required({ toolChoice: known, ...all }, offered);
  if (typeof choice === 'string') throw invalid(`is none of ${Object.keys(WORDS).join(', ')}.`);
  switch (word) {
    case 'function':
    case 'custom': {
      const name = flatNameOf(choice);
      if (name === undefined) throw missing('tool_choice.name');
      if (!offered.names.has(name)) throw invalid("names a tool that is not among 'tools'.");
      return { toolChoice: { name }, ...all };
    }
    case 'mcp': {
      const { name, server_label: label } = choice;
      const integrationsOfServer = integrations.filter((one) => labelOf(one, labels) === label);
      if (integrationsOfServer.length === 0) throw invalid("names a server that is not among 'tools'.");
      if (typeof name === 'string') return { toolChoice: { name }, ...all };
      // The call must be of this server, so the model gets no other tools.
      return { toolChoice: 'required', integrations: integrationsOfServer, isAllowed: () => false };
    }
    case 'allowed_tools':
      return required(readAllowed(choice, offered), offered);
    default:
      // A tool that only OpenAI's servers run, which is ignored among the tools as well.
      ignored.add(`tool_choice.${word}`);
      return { toolChoice: 'auto', ...all };
  }
}

function readAllowed(choice: Readonly<Record<string, unknown>>, { integrations, labels }: Offered): Chosen {
  const { mode = 'auto', tools } = choice;
  const toolChoice = typeof mode === 'string' && Object.hasOwn(WORDS, mode) ? WORDS[mode] : undefined;
  if (toolChoice === undefined || !Array.isArray(tools)) throw invalid("needs a 'mode' and a list of 'tools'.");
  const allowed = tools.slice(0, 1024).map(objectOf);
  const names = new Set(allowed.map(flatNameOf));
  return {
    toolChoice,
    isAllowed: (name) => names.has(name),
    integrations: integrations.flatMap((one) => {
      const ofServer = allowed.filter(
        ({ type, server_label: label }) => type === 'mcp' && label === labelOf(one, labels),
      );
      if (ofServer.length === 0) return [];
      const named = ofServer.flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
      if (named.length < ofServer.length) return [one];
      const { allowedTools = named } = one;
      return [{ ...one, allowedTools: named.filter((name) => allowedTools.includes(name)) }];
    }),
  };
}

function required(chosen: Chosen, { clientTools }: Offered): Chosen {
  const hasTools = chosen.integrations.length > 0 || clientTools.some(({ name }) => chosen.isAllowed(name));
  if (chosen.toolChoice !== 'required' || hasTools) return chosen;
  throw invalid('asks for a call of a tool, and there are no tools.');
}

/** The label of an MCP server; one of this server that has none is known by its plugin id. */
const labelOf = (integration: IntegrationRequest, labels: ReadonlyMap<string, string>): string =>
  integration.type === 'plugin' ? (labels.get(integration.id) ?? integration.id) : integration.serverLabel;

function flatNameOf({ name, namespace }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof name !== 'string') return undefined;
  return flatName(name, typeof namespace === 'string' ? namespace : undefined);
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {};

const missing = (param: string): ServerError =>
  new ServerError('MISSING_PARAMETER', `'${param}' is required.`, { param });
const invalid = (problem: string): ServerError =>
  new ServerError('INVALID_REQUEST', `'tool_choice' ${problem}`, { param: 'tool_choice' });
