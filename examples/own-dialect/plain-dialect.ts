import {
  type ChatAnswer,
  type ChatDialect,
  type ChatField,
  type ParsedChat,
  ServerError,
  wireErrorOf,
} from '@latchkey/server';

/**
 * A small chat API: `{"model","text","stream"?}` is answered with `{"text"}`, or with one event for each piece of it.
 */
export const plainDialect: ChatDialect = {
  name: 'plain',
  parse: (body) => {
    const { model, text, stream } = read(body);
    return {
      request: {
        model,
        messages: [{ role: 'user', content: [{ type: 'text', text }] }],
        integrations: [],
        clientTools: [],
        toolChoice: 'auto',
        sampling: {},
        stop: [],
        store: false,
      },
      stream,
      ignored: [],
      paramOf: (field) => PARAMS[field],
      answer: () => answer,
    } satisfies ParsedChat;
  },
  renderError: (error) => {
    const { status, code } = wireErrorOf(error);
    return { status, body: { problem: error.message, code, field: error.param ?? null } };
  },
};

/** The names of the neutral request's fields in this API. */
const PARAMS: Partial<Record<ChatField, string>> = { model: 'model', messages: 'text' };

function read(body: unknown): { readonly model: string; readonly text: string; readonly stream: boolean } {
  const { model, text, stream = false } = Object(body) as Record<string, unknown>;
  if (typeof model !== 'string') throw missing('model');
  if (typeof text !== 'string') throw missing('text');
  return { model, text, stream: stream === true };
}

const missing = (param: string): ServerError =>
  new ServerError('MISSING_PARAMETER', `'${param}' is required, and is a text.`, { param });

const answer: ChatAnswer = {
  renderEvent: (event) => {
    if (event.type === 'message.delta') return [{ data: JSON.stringify({ text: event.text }) }];
    if (event.type === 'error') return [{ data: JSON.stringify(plainDialect.renderError(event.error).body) }];
    return event.type === 'chat.end' ? [{ name: 'end', data: '{}' }] : [];
  },
  renderResult: ({ output }) => ({
    text: output.map((item) => (item.type === 'message' ? item.content : '')).join(''),
  }),
};
