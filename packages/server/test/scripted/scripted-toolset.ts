import type { ToolOrigin } from '../../src/contracts/chat-event.ts';
import type { ChatToolset, ToolCallOutcome } from '../../src/contracts/toolset.ts';

type Answer = (args: Record<string, unknown>, signal: AbortSignal) => ToolCallOutcome | Promise<ToolCallOutcome>;

export const origin: ToolOrigin = { type: 'plugin', pluginId: 'mcp/desk' };

/** A toolset whose tools answer with what they are given. */
export class ScriptedToolset implements ChatToolset {
  readonly definitions: ChatToolset['definitions'];
  readonly calls: { readonly name: string; readonly arguments: Record<string, unknown> }[] = [];
  disposals = 0;
  readonly #answers: ReadonlyMap<string, Answer>;

  constructor(answers: Readonly<Record<string, Answer>> = {}) {
    this.#answers = new Map(Object.entries(answers));
    this.definitions = Object.keys(answers).map((name) => ({ name, parameters: { type: 'object' } }));
  }

  describe(name: string): ReturnType<ChatToolset['describe']> {
    return this.#answers.has(name) ? { tool: name, origin } : undefined;
  }

  async call(name: string, args: Record<string, unknown>, signal: AbortSignal): Promise<ToolCallOutcome> {
    this.calls.push({ name, arguments: args });
    const answer = this.#answers.get(name);
    return answer?.(args, signal) ?? { type: 'refused', kind: 'invalid_name', tool: name, reason: 'no such tool' };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposals += 1;
  }
}

/** A tool that runs and says the text, named `tool`. */
export const ran =
  (tool: string, text: string): Answer =>
  (args) => {
    const content = [{ type: 'text' as const, text }];
    return { type: 'ran', tool, origin, arguments: args, output: JSON.stringify(content), content, isError: false };
  };

/** A tool whose call is refused for its arguments. */
export const refused =
  (tool: string, reason: string): Answer =>
  (args) => ({ type: 'refused', kind: 'invalid_arguments', tool, origin, arguments: args, reason });
