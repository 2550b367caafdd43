import type { GgufFileInfo } from 'node-llama-cpp';

/** The key of the template for tools in a file with several; it works for conversations without tools as well. */
const TOOL_TEMPLATE = 'chat_template.tool_use';

/** The chat template in a model file, if there is one. */
export function chatTemplateOf(file: GgufFileInfo): string | undefined {
  const tokenizer = file.metadata.tokenizer as Readonly<Record<string, unknown>> | undefined;
  for (const key of [TOOL_TEMPLATE, 'chat_template']) {
    const template = tokenizer?.[key];
    if (typeof template === 'string') return template;
  }
  return undefined;
}
