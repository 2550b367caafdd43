import { badTools, type RawTool, scriptedTools } from './scripted-tools.ts';

/**
 * How a scripted server misbehaves; several may be combined.
 *
 * - `silent`: never answers anything;
 * - `die-at-start`: prints to standard error and ends at once;
 * - `noise`: prints lines that are not messages between its messages; `noise-flood`: prints them without end;
 * - `flood`: sends notifications without end once it is ready;
 * - `endless-line`: sends a line without end once it is ready;
 * - `wrong-ids`: also answers each request with wrong ids, and twice;
 * - `hang-list`: never answers `tools/list`; `infinite-pages`: each page has another; `many-tools`: offers 1,000;
 * - `bad-tools`: offers tools that cannot be offered, besides the good ones;
 * - `flip`: changes the description of `echo` each time it is asked for its tools;
 * - `hints`: says of `calls` that it only reads and of `echo` that it only adds; from its second list on it says of `fail`
 *   that it only reads;
 * - `grow`: offers one more tool each time it is asked;
 * - `promise`: promises to report changes of its tools, which it does only when `announce` is called;
 * - `asks`: asks its client for sampling, elicitation and more, and ends what was never begun; the tool `answers` says
 *   what came back;
 * - `deaf`: stops reading its input once it has listed its tools;
 * - `ignore-end`: keeps running when its input ends and when it is asked to end.
 */
export type ScriptedMode =
  | 'silent'
  | 'die-at-start'
  | 'noise'
  | 'noise-flood'
  | 'flood'
  | 'endless-line'
  | 'wrong-ids'
  | 'hang-list'
  | 'infinite-pages'
  | 'many-tools'
  | 'bad-tools'
  | 'flip'
  | 'hints'
  | 'grow'
  | 'promise'
  | 'asks'
  | 'deaf'
  | 'ignore-end';

/** The output of a scripted server: a process's pipes, or memory. */
export interface ScriptedWire {
  /** Writes a text to the client unchanged. Calls back when there is room for more. */
  write(text: string, done?: () => void): void;
  /** Ends the server. */
  end(code: number): void;
  /** Starts a process that outlives this one and returns its id. */
  startGrandchild(): number;
  stopReading(): void;
}

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly name?: string; readonly arguments?: Record<string, unknown>; readonly _meta?: object };
}

/** Creates a small MCP server without dependencies that behaves well, or misbehaves as the modes say. */
export function createScriptedServer(modes: ReadonlySet<ScriptedMode>, wire: ScriptedWire) {
  const calls: string[] = [];
  const answers: unknown[] = [];
  const waiting: (() => void)[] = [];
  let lists = 0;

  const send = (message: object): void => {
    const line = `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`;
    wire.write(modes.has('noise') ? `loading…\n{"not": "a message"}\n${line}` : line);
  };
  const answer = (id: Message['id'], result: object): void => {
    if (modes.has('wrong-ids')) send({ id: 987_654, result });
    send({ id, result });
    if (modes.has('wrong-ids')) send({ id, result });
  };
  const say = (id: Message['id'], text: string): void => answer(id, { content: [{ type: 'text', text }] });
  const repeat = (text: string): void => wire.write(text, () => repeat(text));
  const notification = (method: string, params: object = {}): string =>
    `${JSON.stringify({ jsonrpc: '2.0', method, params })}\n`;

  const list = (id: Message['id']): void => {
    if (modes.has('hang-list')) return;
    lists += 1;
    let tools: unknown[] = [...scriptedTools];
    if (modes.has('flip')) tools[0] = { ...(tools[0] as RawTool), description: `Version ${lists}.` };
    if (modes.has('hints')) {
      const hints: Readonly<Record<string, object>> = {
        calls: { readOnlyHint: true },
        echo: { readOnlyHint: false, destructiveHint: false },
        ...(lists > 1 && { fail: { readOnlyHint: true } }),
      };
      tools = scriptedTools.map((tool) => ({ ...tool, annotations: hints[String(tool.name)] }));
    }
    if (modes.has('grow')) {
      for (let more = 1; more < lists; more += 1) tools.push({ name: `new-${more}`, inputSchema: { type: 'object' } });
    }
    if (modes.has('bad-tools')) tools = [...badTools, ...tools];
    if (modes.has('asks')) tools.push({ name: 'answers', inputSchema: { type: 'object' } });
    if (modes.has('many-tools')) {
      tools = Array.from({ length: 1000 }, (_, index) => ({ name: `tool-${index}`, inputSchema: { type: 'object' } }));
    }
    if (modes.has('deaf')) wire.stopReading();
    if (modes.has('infinite-pages')) {
      const more = [{ name: `page-${lists}`, inputSchema: { type: 'object' } }];
      answer(id, { tools: lists === 1 ? tools : more, nextCursor: `${lists}` });
    } else answer(id, { tools });
  };

  const call = (
    id: Message['id'],
    { name = '', arguments: args = {}, _meta }: NonNullable<Message['params']>,
  ): void => {
    const before = [...calls];
    calls.push(name);
    if (name === 'echo') say(id, String(args.text));
    else if (name === 'calls') say(id, JSON.stringify(before));
    else if (name === 'answers') say(id, JSON.stringify(answers));
    else if (name === 'wait') waiting.push(() => say(id, 'released'));
    else if (name === 'release') {
      for (const release of waiting.splice(0)) release();
      say(id, 'done');
    } else if (name === 'announce') {
      wire.write(notification('notifications/tools/list_changed'));
      say(id, 'done');
    } else if (name === 'progress') {
      const progressToken = (_meta as { progressToken?: unknown } | undefined)?.progressToken;
      const tick = (): void => wire.write(notification('notifications/progress', { progressToken, progress: 1 }));
      setInterval(tick, 5).unref();
    } else if (name === 'die') wire.end(3);
    else if (name === 'grandchild') say(id, String(wire.startGrandchild()));
    else if (name === 'big') say(id, 'x'.repeat(Number(args.bytes)));
    else if (name === 'fail') answer(id, { content: [{ type: 'text', text: 'disk is full' }], isError: true });
    else if (name === 'refuse') send({ id, error: { code: -32_000, message: 'not\u200B today' } });
    else if (name === 'garbage') send({ id, result: null });
    else if (name === 'structured') answer(id, { content: [], structuredContent: { celsius: 21 } });
    else if (name !== 'hang') send({ id, error: { code: -32_602, message: `Unknown tool: ${name}` } });
  };

  const ready = (): void => {
    if (modes.has('flood')) repeat(notification('notifications/tools/list_changed').repeat(100));
    if (modes.has('noise-flood')) repeat('chatter\n'.repeat(100));
    if (modes.has('endless-line')) repeat('x'.repeat(64 * 1024));
    if (modes.has('asks')) {
      for (const method of ['sampling/createMessage', 'elicitation/create', 'roots/list', 'tasks/result', 'made/up'])
        send({ id: method, method });
      // The end of an elicitation that was never begun, and an answer to a question that was never asked.
      wire.write(notification('notifications/elicitation/complete', { elicitationId: 'elicitation/create' }));
      send({ id: 'elicitation/create', result: { action: 'accept', content: { token: 'x' } } });
    }
  };

  return {
    /** Handles one message of the client. */
    receive(message: Message): void {
      if (modes.has('silent')) return;
      const { id, method, params = {} } = message;
      if (method === 'initialize') {
        const capabilities = { tools: { listChanged: modes.has('promise') } };
        const serverInfo = { name: 'scripted', version: '1.0.0' };
        answer(id, { protocolVersion: '2025-06-18', capabilities, serverInfo });
      } else if (method === 'notifications/initialized') ready();
      else if (method === 'tools/list') list(id);
      else if (method === 'tools/call') call(id, params);
      else if (method === undefined) answers.push(message);
      else if (id !== undefined) send({ id, error: { code: -32_601, message: 'Method not found' } });
    },
  };
}
