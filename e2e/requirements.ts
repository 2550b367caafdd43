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
      'tools.published': 'servers as they are published on npm run their tools',
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
