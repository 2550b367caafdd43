import type { ChatFormat } from '../chat-format.ts';
import { reasoningVariables } from '../reasoning-variables.ts';
import { toTemplateMessages, toTemplateTools } from '../template-messages.ts';
import type { ChatTemplate } from '../template-rendering.ts';

/**
 * Models whose template writes `<tool_call>{"name": …, "arguments": …}</tool_call>`: Hermes, Qwen 2.5 and 3,
 * Granite 4 and their relatives. The template knows everything; it is only given the conversation.
 */
export function toolCallTagFormat(template: ChatTemplate): ChatFormat {
  return {
    calls: { open: '<tool_call>', close: '</tool_call>', endsTurn: false },
    stop: [],
    render({ messages, tools, reasoning }) {
      return template.render({
        messages: toTemplateMessages(messages),
        ...(tools.length === 0 ? {} : { tools: toTemplateTools(tools) }),
        ...reasoningVariables(reasoning),
      });
    },
  };
}
