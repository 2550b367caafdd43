import type { ChatEvent, ChatStats, ToolProvider } from './chat.ts';

/** A tool call of an answer. */
export interface CallItem {
  readonly type: 'call';
  readonly tool: string;
  /** The server that has the tool. */
  readonly server?: string;
  /** Absent while the model still writes them. */
  readonly arguments?: unknown;
  readonly state: 'written' | 'running' | 'waiting' | 'done' | 'failed';
  /** While it waits for a person. */
  readonly approvalId?: string;
  readonly output?: unknown;
  /** Why it was not made. */
  readonly reason?: string;
}

/** A piece of an answer, in the order in which the model wrote them. */
export type Item = { readonly type: 'message' | 'reasoning'; readonly text: string } | CallItem;

/** An answer as far as it has come. */
export interface Answer {
  readonly items: readonly Item[];
  readonly responseId?: string;
  /** How much of the model is loaded, from 0 to 1; absent when it is not being loaded. */
  readonly loading?: number;
  readonly error?: string;
  readonly stats?: ChatStats;
}

export const NO_ANSWER: Answer = { items: [] };

/** An answer with one more event. */
export function withEvent(answer: Answer, event: ChatEvent): Answer {
  switch (event.type) {
    case 'chat.start':
      return event.response_id === undefined ? answer : { ...answer, responseId: event.response_id };
    case 'model_load.start':
      return { ...answer, loading: 0 };
    case 'model_load.progress':
      return { ...answer, loading: event.progress };
    case 'model_load.end': {
      const { loading: _, ...loaded } = answer;
      return loaded;
    }
    case 'message.start':
    case 'reasoning.start':
      return added(answer, { type: event.type === 'message.start' ? 'message' : 'reasoning', text: '' });
    case 'message.delta':
    case 'reasoning.delta':
      return withText(answer, event.type === 'message.delta' ? 'message' : 'reasoning', event.content);
    case 'tool_call.start':
      return added(answer, { type: 'call', tool: event.tool, state: 'written', ...serverOf(event.provider_info) });
    case 'tool_call.arguments':
      return withCall(answer, event, { state: 'running' });
    case 'tool_call.approval_required':
      return withCall(answer, event, { state: 'waiting', approvalId: event.approval_id });
    case 'tool_call.success':
      return withCall(answer, event, { state: 'done', output: event.output });
    case 'tool_call.failure': {
      const { tool_name: tool, arguments: args } = event.metadata;
      return withCall(answer, { tool, arguments: args }, { state: 'failed', reason: event.reason });
    }
    case 'error':
      return { ...answer, error: event.error.message };
    case 'chat.end': {
      const { stats, response_id: responseId } = event.result;
      return { ...answer, stats, ...(responseId === undefined ? {} : { responseId }) };
    }
    default:
      return answer;
  }
}

const added = (answer: Answer, item: Item): Answer => ({ ...answer, items: [...answer.items, item] });

function withText(answer: Answer, type: 'message' | 'reasoning', text: string): Answer {
  const last = answer.items.at(-1);
  if (last?.type !== type) return added(answer, { type, text });
  return { ...answer, items: answer.items.with(-1, { type, text: last.text + text }) };
}

interface CallText {
  readonly tool: string;
  readonly arguments?: unknown;
  readonly provider_info?: ToolProvider;
}

/**
 * Says more of a call. Events name no call, so it is the first one of the tool that has not ended: one without arguments
 * when it begins to run, else one with the same arguments if there is one, since a person may have changed them.
 */
function withCall(answer: Answer, event: CallText, change: Partial<CallItem>): Answer {
  const { tool, provider_info: provider } = event;
  const given = event.arguments === undefined ? {} : { arguments: event.arguments };
  const isOpen = (item: Item): item is CallItem =>
    item.type === 'call' && item.tool === tool && item.state !== 'done' && item.state !== 'failed';
  const text = change.state === 'running' ? undefined : JSON.stringify(event.arguments);
  const same = answer.items.findIndex((item) => isOpen(item) && JSON.stringify(item.arguments) === text);
  const at = same === -1 ? answer.items.findIndex(isOpen) : same;
  const before = answer.items[at];
  const call: CallItem = before?.type === 'call' ? before : { type: 'call', tool, state: 'written' };
  const { approvalId: _, ...known } = call;
  const item: CallItem = { ...known, ...given, ...serverOf(provider), ...change };
  return at === -1 ? added(answer, item) : { ...answer, items: answer.items.with(at, item) };
}

function serverOf(provider: ToolProvider | undefined): { readonly server?: string } {
  const server = provider?.plugin_id ?? provider?.server_label;
  return server === undefined ? {} : { server };
}
