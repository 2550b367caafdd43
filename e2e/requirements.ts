/**
 * What Latchkey promises, as data. Each id is proved by a scenario that cites it through `verifies()`, which gives its
 * test the sentence as title; `coverage.test.ts` fails on a promise that nobody proves.
 */
export const requirements = [
  {
    source: 'https://lmstudio.ai/docs/developer/rest/chat',
    promises: {
      'chat.tool': 'a model answers with what a permitted tool gave it',
      'chat.shape': 'an answer has the model, its output, its statistics and a response id',
      'chat.input-blocks': 'input is a text or a list of text and message blocks',
      'chat.system-prompt': 'a system prompt is accepted and counted',
      'chat.sampling': 'every sampling setting of the documentation is accepted',
      'chat.reasoning': 'a reasoning effort that the model does not have is a 400',
      'chat.max-output-tokens': 'max_output_tokens cuts the answer',
      'chat.alias': 'another name of the configuration stands for its model',
      'chat.integration-notations': 'a plugin is named as a string, as an object, and in the spelling of mcp.json',
    },
  },
  {
    source: 'https://lmstudio.ai/docs/developer/rest/streaming-events',
    promises: {
      'stream.order': 'a stream opens with chat.start, closes with chat.end and keeps the order of events between',
      'stream.frames': 'every frame is named after the type that its data repeats',
      'stream.tool-call': 'a tool call is streamed with its name, its arguments and its result',
      'stream.result': 'chat.end carries what the answer without streaming is',
      'stream.load': 'a stream that has to load the model first shows how that goes',
    },
  },
  {
    source: 'https://lmstudio.ai/docs/developer/rest/stateful-chats',
    promises: {
      'state.none': 'store: false gives no response id',
      'state.remembers': 'previous_response_id goes on where that answer ended',
      'state.branches': 'an earlier response may be gone on from again',
      'state.restart': 'a conversation goes on after a restart of the server',
      'state.foreign': "another token's response and one that never was get the same 404",
    },
  },
  {
    source: 'docs/decisions/0005-where-a-tool-call-is-decided.md',
    promises: {
      'tools.whole-plugin': 'a plugin without allowed_tools brings exactly the tools that the token may call',
      'tools.none-granted': "a plugin outside the token's grant is a 403 that names the grant",
      'tools.no-existence': 'a tool that is not permitted gets word for word the answer of one that does not exist',
      'tools.ephemeral': 'an MCP server that the request brings along is a 403',
      'tools.unknown-plugin': 'a plugin that is not configured is refused with a code',
      'tools.arguments': 'a call whose arguments the grant forbids fails with the reason and never reaches the server',
      'tools.within': 'a path argument is held to its folder, links followed',
      'tools.http': 'a server over HTTP runs its tools and gets the headers of mcp.json',
      'tools.http-refused': 'a server over HTTP that refuses us is a 502, and its secret is told to nobody',
      'tools.no-passthrough': "an MCP server never gets the caller's token",
      'tools.published': 'servers as they are published on npm run their tools',
    },
  },
  {
    source: 'https://platform.openai.com/docs/api-reference/chat',
    promises: {
      'openai.completion': 'a completion has the shape that OpenAI documents',
      'openai.stream': 'a stream adds up to the completion without streaming',
      'openai.include-usage': 'stream_options.include_usage counts the tokens in a last chunk',
      'openai.stop': 'stop ends the answer before the text that it names',
      'openai.max-tokens': 'max_tokens and max_completion_tokens cut the answer and say so',
      'openai.json-schema': 'response_format makes an answer that parses and fits its schema',
      'openai.json-schema-forced': 'a schema holds whatever the question is',
      'openai.tools': "a model calls the caller's tool and answers with its result",
      'openai.tools-streamed': 'streamed pieces of a tool call add up to the call',
      'openai.tool-choice': 'tool_choice forbids, demands and names calls',
      'openai.integrations': 'integrations run MCP tools on the server as in the chat of LM Studio',
      'openai.models': 'the client lists the models',
      'openai.errors': "refusals arrive as the client's own error classes",
    },
  },
  {
    source: 'docs/decisions/0003-opaque-tokens.md',
    promises: {
      'tokens.create': 'a new token is shown once and never again',
      'tokens.edit': "an edit of a token's grant counts at once",
      'tokens.revoke': 'a revoked token is a 401 at once',
      'tokens.grant-expiry': 'a grant allows nothing after its end, and a token with an end says so',
      'tokens.expiry': 'a token whose end has come is a 401',
      'tokens.covered': 'a token makes and edits only what its own authority covers',
      'tokens.visible': 'tokens beyond its authority do not exist for a token',
      'tokens.administration': 'a token that may chat may not manage tokens, its own neither',
      'tokens.whoami': 'whoami says whose token it is and what it may do',
      'tokens.wrong-secret': 'a wrong secret and an unknown id get the same answer',
      'models.listed': 'both listings of models show those that the token may use',
      'models.no-existence': 'a model that is not permitted gets the answer of one that does not exist',
    },
  },
  {
    source: 'docs/architecture.md',
    promises: {
      'command.token': 'latchkey token creates, lists, shows, edits and revokes on a running server',
      'command.token-offline': 'latchkey token works on the store itself when no server runs',
      'command.token-text': 'without --json the new token stands alone on standard output',
      'command.token-errors': 'a wrong grant, duration or id is one line and exit code 1',
      'command.connection':
        'commands use the token of the environment, or the data folder, which only this machine gets',
      'command.chat': 'latchkey chat answers on standard output and shows tool calls on standard error',
      'command.models': 'latchkey models lists the models',
      'command.whoami': 'latchkey whoami shows the token and its grants',
      'secrets.nowhere': 'a secret is in no log, no database file and no output but that of its creation',
      'secrets.modes': 'the administrator token and the secret key are readable by their owner alone',
    },
  },
  {
    source: 'docs/architecture.md',
    promises: {
      'bad-input.body': 'a wrong body is refused with a code and the name of the parameter',
      'bad-input.size': 'a body beyond the limit is a 413, whether it says its size or not',
      'bad-input.content-type': 'a body that does not say that it is JSON is a 415',
      'bad-input.path': 'a path that is none is a 404',
      'bad-input.method': 'a method that the path does not take is a 405 that names those it takes',
      'bad-input.host': 'a foreign Host is a 403',
      'bad-input.origin': 'a foreign Origin is a 403',
      'bad-input.headers': 'headers beyond all measure are a 431',
      'bad-models.listed': 'a file that is no model is not listed',
      'bad-models.refused': 'a chat with a bad file is a 4xx and the server lives',
      'bad-models.stream': 'a stream with a bad file ends with an error and chat.end',
      'bad-models.neighbour': 'a good model answers beside bad files',
    },
  },
  {
    source: 'docs/architecture.md',
    promises: {
      'faults.killed-mid-stream': 'a model that is killed in mid-stream ends that stream with an error and chat.end',
      'faults.killed-waiting': 'requests that waited for a place in a killed model are served',
      'faults.reload': 'the request after a killed model is served by a new process',
      'faults.retry': 'a model that is killed before it has said anything is not noticed by the caller',
      'faults.disconnect': 'a caller who goes away stops the generation within a second',
      'faults.disconnect-waiting': 'a caller who goes away while waiting gives up the place in the line',
      'faults.tool-hangs': 'a tool that does not end is given up, and the chat and its neighbours go on',
      'faults.tool-dies': 'a server that dies in a call fails the call and not the chat',
      'faults.tool-garbage': 'a result that is none fails the call and not the chat',
      'faults.server-dead': 'a server that does not start is a 502 for the caller and a reason for the operator',
      'faults.server-noisy': 'a server that prints noise and answers twice works',
      'faults.server-lists-rubbish': 'of a list with impossible tools the possible ones work',
      'faults.server-floods': 'a server that floods is cut off',
      'faults.nothing-left': 'no process is left when the server has stopped',
      'life.ready-line': 'standard output is one line, when the server is ready; the log is JSON on standard error',
      'life.finishes': 'a signal lets a running stream end, and the server exits with 0',
      'life.bounded': 'a stream that does not end in time is ended with an error, and the server exits with 0',
      'life.killed': 'a killed server takes its models along',
      'life.no-auth': '--no-auth lets everybody chat, and nobody call tools or manage tokens',
      'life.open-network': '--no-auth refuses an address that others reach',
      'life.configuration': 'a wrong setting is refused with its name and its place',
      'life.port': 'a port that is taken is said to be',
      'life.sole': 'a second server on a data folder is refused',
      'life.old-node': 'a Node that is too old is told so in one line',
      'demo.story': 'the demo plays the whole story and finds everything as it should be',
    },
  },
  {
    source: 'https://www.rfc-editor.org/rfc/rfc6750#section-3',
    promises: {
      'tokens.unauthenticated': 'without a valid token every route is a 401 with a challenge',
    },
  },
] as const satisfies readonly { readonly source: string; readonly promises: Readonly<Record<string, string>> }[];

type Promises = (typeof requirements)[number]['promises'];
type KeyOf<T> = T extends unknown ? keyof T : never;
export type RequirementId = KeyOf<Promises>;

/** Throws for an id that is none. */
export function sentenceOf(id: RequirementId): string {
  const sentences: Readonly<Record<string, string>> = Object.assign({}, ...requirements.map((group) => group.promises));
  const sentence = sentences[id];
  if (sentence === undefined) throw new TypeError(`There is no requirement '${id}'`);
  return sentence;
}
