import { type Answer, createToken, postChat, revokeToken, textOf } from './api.ts';
import { playPublishedStory } from './published-story.ts';
import { createEventPrinter, show } from './show.ts';
import { playToolsStory } from './tools-story.ts';

/** The request of LM Studio's documentation. */
const request = {
  model: 'ibm/granite-4-micro',
  input: 'What is the first line in the tiktoken documentation?',
  integrations: [{ type: 'plugin', id: 'mcp/tiktoken', allowed_tools: ['fetch_tiktoken_documentation'] }],
};

const readerGrant = {
  actions: ['chat', 'models:read'],
  models: ['latchkey/nano'],
  mcp: { 'mcp/tiktoken': { tools: { 'fetch_*': {} } } },
};
const guestGrant = { actions: ['chat', 'models:read'], models: ['latchkey/nano'] };

/** The result of the story, and the token to continue with by hand. */
export interface StoryOutcome {
  readonly failures: readonly string[];
  readonly readerToken: string;
}

/** Plays the main use case on a running server and checks every step of it. Only the questions are scripted. */
export async function playStory(url: string, adminToken: string, files: string): Promise<StoryOutcome> {
  const failures: string[] = [];
  const check = (what: string, passed: boolean): void => {
    show.verdict(passed, what);
    if (!passed) failures.push(what);
  };
  const refused = (answer: Answer, status: number, what: string, says: readonly string[] = []): void => {
    show.refusal(answer);
    const message = answer.body.error?.message ?? '';
    check(what, answer.status === status && says.every((word) => message.includes(word)));
  };

  show.title('Two tokens, made through the API');
  const reader = await createToken(url, adminToken, 'reader', readerGrant);
  const guest = await createToken(url, adminToken, 'guest', guestGrant);
  show.grant('reader', reader.id, readerGrant);
  show.grant('guest', guest.id, guestGrant);

  show.title(`reader asks: ${request.input}`);
  const answer = await postChat(url, reader.token, { ...request, stream: true }, createEventPrinter());
  show.stats(answer);
  const fetched = answer.body.output?.find((item) => item.tool === 'fetch_tiktoken_documentation');
  check('the model called the permitted tool', fetched?.output?.includes('# tiktoken') ?? false);
  check('its answer has the first line of the documentation', textOf(answer).includes('# tiktoken'));

  const goOn = async (input: string, from: Answer, integrations: readonly unknown[] = []): Promise<Answer> => {
    show.title(`reader goes on: ${input}`);
    const previous = from.body.response_id;
    const body = { model: request.model, input, integrations, previous_response_id: previous, stream: true };
    const next = await postChat(url, reader.token, body, createEventPrinter());
    show.stats(next);
    return next;
  };
  const last = await goOn('What is the last line in the tiktoken documentation?', answer, request.integrations);
  check('the tool was called again', usedOnly(last, 'fetch_tiktoken_documentation'));
  const told = await goOn('My favorite color is teal.', last);
  const remembered = await goOn('What is my favorite color?', told);
  check('the conversation is remembered', textOf(remembered).includes('teal'));

  show.title('reader names the plugin and no tools');
  const whole = { ...request, integrations: ['mcp/tiktoken'], stream: true };
  const wholeAnswer = await postChat(url, reader.token, whole, createEventPrinter());
  check('the model had exactly the tools of the token', usedOnly(wholeAnswer, 'fetch_tiktoken_documentation'));

  show.title('reader asks for a tool that is not in its grant, and for one that does not exist');
  const ask = (tool: string): Promise<Answer> =>
    postChat(url, reader.token, {
      ...request,
      integrations: [{ type: 'plugin', id: 'mcp/tiktoken', allowed_tools: [tool] }],
    });
  const forbidden = await ask('search_tiktoken_documentation');
  refused(forbidden, 403, 'the tool is refused by its name', ['search_tiktoken_documentation']);
  const unknown = await ask('no_such_tool');
  refused(unknown, 403, 'one that does not exist gets the same answer', ['no_such_tool']);
  const [one, other] = [forbidden, unknown].map(({ body }) =>
    JSON.stringify(body).replace(/(search_tiktoken_documentation|no_such_tool)/g, 'TOOL'),
  );
  check('word for word', one === other);

  show.title('guest sends the same request');
  refused(await postChat(url, guest.token, request), 403, 'refused, and the answer says which grant lacks it', [
    'guest',
    'mcp/tiktoken',
  ]);
  refused(
    await postChat(url, guest.token, { ...request, integrations: ['mcp/tiktoken'] }),
    403,
    'the whole plugin as well',
  );
  const plain = await postChat(
    url,
    guest.token,
    { model: request.model, input: 'Hello', stream: true },
    createEventPrinter(),
  );
  check('a chat without tools is fine', plain.status === 200 && (plain.body.output?.length ?? 0) > 0);

  await playToolsStory(url, adminToken, files, check);
  await playPublishedStory(url, adminToken, check);

  show.title('A caller without a valid token');
  refused(await postChat(url, undefined, request), 401, 'no token');
  refused(await postChat(url, 'sk-lm-oops', request), 401, 'a malformed one');
  await revokeToken(url, adminToken, guest.id);
  refused(await postChat(url, guest.token, request), 401, "guest's, which was revoked a moment ago");

  return { failures, readerToken: reader.token };
}

function usedOnly(answer: Answer, tool: string): boolean {
  const used = answer.body.output?.flatMap((item) => (item.tool === undefined ? [] : [item.tool])) ?? [];
  return used.length > 0 && used.every((name) => name === tool);
}

/** The command that a reader of the terminal can paste. */
export const curlCommand = (url: string): string => `curl -X POST ${url}/api/v1/chat \\
  -H "Authorization: Bearer $LM_API_TOKEN" -H "Content-Type: application/json" -d '{
    "model": "${request.model}",
    "input": "${request.input}",
    "integrations": [{ "type": "plugin", "id": "mcp/tiktoken", "allowed_tools": ["fetch_tiktoken_documentation"] }] }'`;
