import type { ChatEvent, ChatResult, ConfirmationRequest, ListedTools } from '../../contracts/chat-event.ts';
import type { ChatField } from '../../contracts/server-error.ts';
import { renderFailure } from './errors.ts';
import {
  approvalRequestId,
  approvalRequestItem,
  clientCallItem,
  inputOf,
  itemId,
  type Json,
  labelOf,
  listedToolsItem,
  type McpCall,
  mcpCallItem,
  messageItem,
  ranOutcome,
  reasoningItem,
  refusedOutcome,
  type ThoughtStyle,
  textPart,
} from './items.ts';
import type { RenderResponse, ResponseState } from './response-object.ts';
import type { NamedTool, ToolNames } from './tool-names.ts';

export interface ResponseStreamOptions {
  readonly response: RenderResponse;
  /** The id of the response while it is not stored. */
  readonly id: string;
  readonly names: ToolNames;
  readonly labels: ReadonlyMap<string, string>;
  /** The requests for approval that the caller has answered, by call. */
  readonly approvals: ReadonlyMap<string, string>;
  readonly thoughts: ThoughtStyle;
  readonly paramOf: (field: ChatField) => string | undefined;
  /** Seconds since 1970. */
  readonly now: () => number;
}

/** An item whose end is still to come. */
interface OpenItem {
  readonly id: string;
  readonly index: number;
  text: string;
}

type OpenCall = OpenItem & { readonly callId: string; readonly tool: NamedTool };
type OpenMcpCall = OpenItem & { call: McpCall };

/**
 * Renders a chat as the events of one response, numbered: `response.created`, `response.in_progress`; then each item of
 * the output from `response.output_item.added` to `response.output_item.done`, with its parts and deltas between them;
 * then `response.completed`, `response.incomplete` or `response.failed` with the whole.
 */
export class ResponseStream {
  readonly #options: ResponseStreamOptions;
  readonly #output: Json[] = [];
  readonly #calls = new Map<number, OpenCall>();
  readonly #mcpCalls = new Map<string, OpenMcpCall>();
  #id: string;
  #number = 0;
  #text: OpenItem | undefined;
  #isSaid = false;
  #final: Json | undefined;
  #isCancelled = false;
  #failure: Json | undefined;

  constructor(options: ResponseStreamOptions) {
    this.#options = options;
    this.#id = options.id;
  }

  /** The response as it is now. */
  get response(): Json {
    return this.#final ?? this.#respond('in_progress');
  }

  /** What follows ends the response as its caller wanted. */
  cancel(): void {
    this.#isCancelled = true;
  }

  render(event: ChatEvent): Json[] {
    // Whether a message is whole is known only by what follows it.
    const isEnd = event.type === 'error' || event.type === 'chat.end';
    const ended = this.#isSaid && !isEnd ? this.#endMessage('completed') : [];
    return [...ended, ...this.#render(event)];
  }

  #render(event: ChatEvent): Json[] {
    switch (event.type) {
      case 'chat.start':
        this.#id = event.responseId ?? this.#id;
        return [
          this.#event('response.created', { response: this.response }),
          this.#event('response.in_progress', { response: this.response }),
        ];
      case 'tools.listed':
        return event.tools.flatMap((server) => this.#list(server));
      case 'message.start':
        return this.#beginMessage();
      case 'message.delta':
        return this.#delta('response.output_text.delta', event.text, { content_index: 0, logprobs: [] });
      case 'message.end':
        this.#isSaid = true;
        return [];
      case 'reasoning.start':
        return this.#beginThought();
      case 'reasoning.delta':
        return this.#options.thoughts.inSummary
          ? this.#delta('response.reasoning_summary_text.delta', event.text, { summary_index: 0 })
          : this.#delta('response.reasoning_text.delta', event.text, { content_index: 0 });
      case 'reasoning.end':
        return this.#endThought(event.text);
      case 'client_tool_call.start':
        return this.#beginCall(event.index, event.id, this.#options.names.find(event.name));
      case 'client_tool_call.delta':
        return this.#continueCall(event.index, event.text);
      case 'client_tool_call.end':
        return this.#endCall(event.index, event.arguments);
      case 'tool_call.arguments':
        return this.#beginMcpCall(event);
      case 'tool_call.approval_required':
        return this.#awaitApproval(event.id, event.approvalId);
      case 'tool_call.confirmation_required':
        return this.#requestApproval(event.request);
      case 'tool_call.success':
        return this.#endMcpCall(event.id, ranOutcome(event));
      case 'tool_call.failure':
        return [...this.#breakCall(event.id), ...this.#endMcpCall(event.id, refusedOutcome(event.reason))];
      case 'error':
        this.#failure = renderFailure(event.error.named(this.#options.paramOf));
        return [];
      case 'chat.end':
        return this.#end(event.result);
      default:
        return [];
    }
  }

  #event(type: string, fields: Json): Json {
    this.#number += 1;
    return { type, sequence_number: this.#number - 1, ...fields };
  }

  #respond(status: ResponseState['status'], more: Partial<ResponseState> = {}): Json {
    return this.#options.response(this.#id, { status, output: [...this.#output], ...more });
  }

  #finish(type: string, status: ResponseState['status'], more: Partial<ResponseState>): Json {
    this.#final = this.#respond(status, more);
    return this.#event(type, { response: this.#final });
  }

  /** Adds an item to the output; its id contains the response and its position. */
  #add(prefix: string, item: (id: string) => Json): { readonly open: OpenItem; readonly event: Json } {
    const index = this.#output.length;
    const open = { id: itemId(prefix, this.#id, index), index, text: '' };
    const added = item(open.id);
    this.#output.push(added);
    return { open, event: this.#event('response.output_item.added', { output_index: index, item: added }) };
  }

  #done({ index }: OpenItem, item: Json): Json {
    this.#output[index] = item;
    return this.#event('response.output_item.done', { output_index: index, item });
  }

  #within(type: string, { id, index }: OpenItem, fields: Json): Json {
    return this.#event(type, { item_id: id, output_index: index, ...fields });
  }

  #delta(type: string, delta: string, fields: Json): Json[] {
    if (this.#text === undefined) return [];
    this.#text.text += delta;
    return [this.#within(type, this.#text, { ...fields, delta })];
  }

  #beginMessage(): Json[] {
    const { open, event } = this.#add('msg', (id) => messageItem(id, 'in_progress'));
    this.#text = open;
    return [event, this.#within('response.content_part.added', open, { content_index: 0, part: textPart('') })];
  }

  #endMessage(status: 'completed' | 'incomplete'): Json[] {
    const open = this.#text;
    this.#isSaid = false;
    if (open === undefined) return [];
    this.#text = undefined;
    const { text } = open;
    return [
      this.#within('response.output_text.done', open, { content_index: 0, text, logprobs: [] }),
      this.#within('response.content_part.done', open, { content_index: 0, part: textPart(text) }),
      this.#done(open, messageItem(open.id, status, text)),
    ];
  }

  #beginThought(): Json[] {
    const { thoughts } = this.#options;
    const { open, event } = this.#add('rs', (id) => reasoningItem(id, 'in_progress', thoughts));
    this.#text = open;
    const part = thoughts.inSummary
      ? this.#within('response.reasoning_summary_part.added', open, { summary_index: 0, part: summary('') })
      : this.#within('response.content_part.added', open, { content_index: 0, part: thought('') });
    return [event, part];
  }

  #endThought(text: string): Json[] {
    const open = this.#text;
    if (open === undefined) return [];
    this.#text = undefined;
    const { thoughts } = this.#options;
    const said = thoughts.inSummary
      ? [
          this.#within('response.reasoning_summary_text.done', open, { summary_index: 0, text }),
          this.#within('response.reasoning_summary_part.done', open, { summary_index: 0, part: summary(text) }),
        ]
      : [
          this.#within('response.reasoning_text.done', open, { content_index: 0, text }),
          this.#within('response.content_part.done', open, { content_index: 0, part: thought(text) }),
        ];
    return [...said, this.#done(open, reasoningItem(open.id, 'completed', thoughts, text))];
  }

  #beginCall(index: number, callId: string, tool: NamedTool): Json[] {
    const prefix = tool.isCustom ? 'ctc' : 'fc';
    const { open, event } = this.#add(prefix, (id) => clientCallItem(id, 'in_progress', { callId, tool }, ''));
    this.#calls.set(index, { ...open, callId, tool });
    return [event];
  }

  #continueCall(index: number, text: string): Json[] {
    const open = this.#calls.get(index);
    if (open === undefined) return [];
    open.text += text;
    // The text of a custom tool is known at the end: until then it is a part of JSON.
    if (open.tool.isCustom) return [];
    return [this.#within('response.function_call_arguments.delta', open, { delta: text })];
  }

  #endCall(index: number, args: Readonly<Record<string, unknown>>): Json[] {
    const open = this.#calls.get(index);
    if (open === undefined) return [];
    this.#calls.delete(index);
    if (open.tool.isCustom) {
      const input = inputOf(args);
      return [
        this.#within('response.custom_tool_call_input.delta', open, { delta: input }),
        this.#within('response.custom_tool_call_input.done', open, { input }),
        this.#done(open, clientCallItem(open.id, 'completed', open, input)),
      ];
    }
    // The pieces add up to the whole, unless there are none.
    const text = open.text === '' ? JSON.stringify(args) : open.text;
    const rest =
      open.text === '' ? [this.#within('response.function_call_arguments.delta', open, { delta: text })] : [];
    return [
      ...rest,
      this.#within('response.function_call_arguments.done', open, { name: open.tool.name, arguments: text }),
      this.#done(open, clientCallItem(open.id, 'completed', open, text)),
    ];
  }

  /** Ends the item of a call for the caller that could not be parsed. */
  #breakCall(callId: string): Json[] {
    for (const [index, open] of this.#calls) {
      if (open.callId !== callId) continue;
      this.#calls.delete(index);
      return [this.#done(open, clientCallItem(open.id, 'incomplete', open, open.tool.isCustom ? '' : open.text))];
    }
    return [];
  }

  #list({ origin, tools }: ListedTools): Json[] {
    const label = labelOf(origin, this.#options.labels);
    const { open, event } = this.#add('mcpl', (id) => listedToolsItem(id, label, []));
    return [
      event,
      this.#within('response.mcp_list_tools.in_progress', open, {}),
      this.#within('response.mcp_list_tools.completed', open, {}),
      this.#done(open, listedToolsItem(open.id, label, tools)),
    ];
  }

  #requestApproval(request: ConfirmationRequest): Json[] {
    const label = labelOf(request.origin, this.#options.labels);
    const id = approvalRequestId(this.#id, this.#output.length, request.id);
    const item = approvalRequestItem(id, label, request);
    const { open, event } = this.#add('mcpr', () => item);
    return [event, this.#done(open, item)];
  }

  #beginMcpCall(event: Extract<ChatEvent, { type: 'tool_call.arguments' }>): Json[] {
    const label = labelOf(event.origin, this.#options.labels);
    const call = { label, name: event.tool, arguments: '', approvalId: this.#options.approvals.get(event.id) };
    const { open, event: added } = this.#add('mcp', (id) => mcpCallItem(id, call, { status: 'in_progress' }));
    const args = JSON.stringify(event.arguments);
    this.#mcpCalls.set(event.id, { ...open, call: { ...call, arguments: args } });
    return [
      added,
      this.#within('response.mcp_call.in_progress', open, {}),
      this.#within('response.mcp_call_arguments.delta', open, { delta: args }),
      this.#within('response.mcp_call_arguments.done', open, { arguments: args }),
    ];
  }

  #awaitApproval(callId: string, approvalId: string): Json[] {
    const open = this.#mcpCalls.get(callId);
    if (open !== undefined) open.call = { ...open.call, approvalId };
    return [];
  }

  #endMcpCall(callId: string, outcome: Json): Json[] {
    const open = this.#mcpCalls.get(callId);
    if (open === undefined) return [];
    this.#mcpCalls.delete(callId);
    const type = outcome.status === 'completed' ? 'response.mcp_call.completed' : 'response.mcp_call.failed';
    return [this.#within(type, open, {}), this.#done(open, mcpCallItem(open.id, open.call, outcome))];
  }

  #end({ finishReason, stats }: ChatResult): Json[] {
    const isCut = finishReason === 'length' && this.#failure === undefined;
    const isWhole = !isCut && !this.#isCancelled && this.#failure === undefined;
    const said = this.#isSaid ? this.#endMessage(isWhole ? 'completed' : 'incomplete') : [];
    // A call that was cut off does not count: a client would run it.
    const cut = [...said, ...[...this.#calls.values()].flatMap(({ callId }) => this.#breakCall(callId))];
    const completedAt = this.#options.now();
    if (this.#isCancelled) return [...cut, this.#finish('response.cancelled', 'cancelled', { stats })];
    if (this.#failure !== undefined) {
      return [...cut, this.#finish('response.failed', 'failed', { stats, error: this.#failure })];
    }
    if (isCut) {
      return [
        ...cut,
        this.#finish('response.incomplete', 'incomplete', { stats, incompleteReason: 'max_output_tokens' }),
      ];
    }
    return [...cut, this.#finish('response.completed', 'completed', { stats, completedAt })];
  }
}

const summary = (text: string): Json => ({ type: 'summary_text', text });
const thought = (text: string): Json => ({ type: 'reasoning_text', text });
