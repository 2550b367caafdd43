import { isDeepStrictEqual } from 'node:util';
import { type Answer, createToken, postChat, request, textOf } from './api.ts';
import { createEventPrinter, show } from './show.ts';

const MODEL = 'ibm/granite-4-micro';
const PLUGIN = 'mcp/everything';

/** Shows what a model does with a server that is published on npm, when all of its tools are offered at once. */
export async function playPublishedStory(
  url: string,
  adminToken: string,
  check: (what: string, passed: boolean) => void,
): Promise<void> {
  const small = { maximum: 100 };
  const grant = {
    actions: ['chat', 'models:read'],
    models: ['latchkey/nano'],
    mcp: { [PLUGIN]: { tools: { '*': {}, 'get-sum': { arguments: { a: small, b: small } } } } },
  };
  show.title('A token for all the tools of @modelcontextprotocol/server-everything, and for small sums');
  const { id, token } = await createToken(url, adminToken, 'counter', grant);
  show.grant('counter', id, grant.mcp);
  const ask = async (input: string): Promise<Answer> => {
    show.title(`counter asks: ${input}`);
    const body = { model: MODEL, input, integrations: [PLUGIN], stream: true };
    const answer = await postChat(url, token, body, createEventPrinter());
    show.stats(answer);
    return answer;
  };

  const sum = await ask('What is 12 plus 30?');
  await showTools(url, adminToken);
  check('the model has found the one that it needs', isDeepStrictEqual(callsOf(sum), [['get-sum', { a: 12, b: 30 }]]));
  check('its answer has the sum', textOf(sum).includes('42'));

  const both = await ask('Add 7 and 5 and then echo hello');
  const calls = [
    ['get-sum', { a: 7, b: 5 }],
    ['echo', { message: 'hello' }],
  ];
  check('two calls in one turn', isDeepStrictEqual(callsOf(both), calls));
  check('its answer has what both gave', textOf(both).includes('12') && textOf(both).includes('hello'));

  const large = await ask('What is 700 plus 5?');
  check('a sum that the grant does not allow is not made', callsOf(large).length === 0);
  check('the model says that it was not allowed to', textOf(large).startsWith('I was not allowed to'));
}

/** Prints how many tools were offered, and which were left out and why. */
async function showTools(url: string, adminToken: string): Promise<void> {
  const { servers } = (await request(url, adminToken, 'GET', '/api/v1/mcp/servers')) as {
    servers: readonly { id: string; tools: readonly { name: string }[]; problems: readonly string[] }[];
  };
  const server = servers.find(({ id }) => id === PLUGIN);
  show.quiet(`${server?.tools.length} tools were offered at once`);
  for (const problem of server?.problems ?? []) show.quiet(problem);
}

/** The calls that were made, each a tool and its arguments. */
const callsOf = (answer: Answer): readonly (readonly unknown[])[] =>
  answer.body.output?.flatMap((item) => (item.type === 'tool_call' ? [[item.tool, item.arguments]] : [])) ?? [];
