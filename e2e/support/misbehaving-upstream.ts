import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as the upstream server received it. */
export interface Asked {
  readonly headers: IncomingMessage['headers'];
  readonly body: Readonly<Record<string, unknown>>;
}

export type Behaviour = (response: ServerResponse) => void | Promise<void>;

/** A server with OpenAI's API and one model `tiny`, whose behaviour a test defines. */
export interface MisbehavingUpstream extends AsyncDisposable {
  readonly url: string;
  readonly asked: Asked[];
  /** Its behaviour for the next requests, one after the other; all later requests are answered normally. */
  readonly next: Behaviour[];
}

const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
export const HELLO = chunk({ content: 'Hello' });
const USAGE = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 3 } })}\n\n`;

/** Begins an answer and sends parts of it; `then` defines what happens to the connection. */
export const sends =
  (parts: readonly (string | Uint8Array)[], then: 'ends' | 'resets' | 'hangs' = 'ends'): Behaviour =>
  async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    for (const part of parts) await new Promise((resolve) => response.write(part, resolve));
    if (then === 'ends') response.end();
    if (then === 'resets') response.destroy();
  };

/** Declares more bytes than it sends. */
export const liesAboutItsLength: Behaviour = async (response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'content-length': '100000' });
  await new Promise((resolve) => response.write(HELLO, resolve));
  response.destroy();
};

const ENDED = [USAGE, 'data: [DONE]\n\n'];
/** Answers with a text. */
export const says = (text: string): Behaviour => sends([chunk({ content: text }), chunk({}, 'stop'), ...ENDED]);
/** Answers with a call of one function. */
export const callsFunction = (name: string, args: object): Behaviour => callsFunctions([[name, args]]);
/** Answers with calls of several. */
export const callsFunctions = (calls: readonly (readonly [name: string, args: object])[]): Behaviour => {
  const chunks = calls.map(([name, args], index) => {
    const called = { name, arguments: JSON.stringify(args) };
    return chunk({ tool_calls: [{ index, id: `call_${index + 1}`, type: 'function', function: called }] });
  });
  return sends([...chunks, chunk({}, 'tool_calls'), ...ENDED]);
};

const answers = sends([HELLO, chunk({}, 'stop'), USAGE, 'data: [DONE]\n\n']);

export async function startMisbehavingUpstream(): Promise<MisbehavingUpstream> {
  const asked: Asked[] = [];
  const next: Behaviour[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += part;
    if (request.url === '/v1/models') {
      response.end(JSON.stringify({ object: 'list', data: [{ id: 'tiny', max_model_len: 1024 }] }));
      return;
    }
    asked.push({ headers: request.headers, body: JSON.parse(text) });
    await (next.shift() ?? answers)(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    next,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
