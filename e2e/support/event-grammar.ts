import type { StreamedEvent } from './chat-stream.ts';

const text = '(reasoning.start (reasoning.delta )+reasoning.end |message.start (message.delta )+message.end )';
const announced = '(tool_call.start tool_call.name )';
const performed =
  '(tool_call.arguments (tool_call.approval_required )?(tool_call.success|tool_call.failure) |tool_call.failure )';
const round =
  'prompt_processing.start (prompt_processing.progress )*prompt_processing.end ' +
  `(${text}|${announced})*${performed}*`;
const load = 'model_load.start (model_load.progress )*model_load.end ';

/**
 * The order of the events of a chat that succeeds. A call is announced while the model is still generating, or before
 * everything else when it waited for a caller that had disconnected. The model is loaded when a round needs it and it
 * is not loaded.
 */
const GRAMMAR = new RegExp(
  `^chat.start (${announced}${performed})*((${load})?${round})+chat.end $`.replaceAll('.', '\\.'),
);

/** The types of a stream's events, in order. Throws when they do not follow the grammar. */
export function parseEventOrder(events: readonly StreamedEvent[]): readonly string[] {
  const types = events.map(({ data }) => String(data.type));
  const sentence = types.map((type) => `${type} `).join('');
  if (!GRAMMAR.test(sentence)) throw new Error(`Events out of order: ${sentence}`);
  return types;
}
