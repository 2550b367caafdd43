import type { Command } from 'commander';
import { CommandError } from './command-error.ts';
import { addCallerOptions, asCaller, type CallerFlags, connect } from './connection.ts';
import { print, printJson, printProse, remark, style } from './print.ts';
import { readEvents } from './read-events.ts';

interface Flags extends CallerFlags {
  readonly model: string;
  readonly integration?: readonly string[];
  readonly system?: string;
  readonly temperature?: string;
  readonly previousResponse?: string;
  readonly json?: boolean;
}

/** The events that the command shows; it ignores the others. */
type ShownEvent =
  | { readonly type: 'message.delta'; readonly content: string }
  | { readonly type: 'tool_call.arguments'; readonly tool: string; readonly arguments: unknown }
  | { readonly type: 'tool_call.approval_required'; readonly approval_id: string; readonly response_id?: string }
  | { readonly type: 'tool_call.failure'; readonly reason: string }
  | { readonly type: 'error'; readonly error: { readonly message: string } }
  | { readonly type: 'chat.end'; readonly result: unknown };

/** `latchkey chat --model M "question"`. The answer goes to standard output, all other messages to standard error. */
export function addChatCommand(program: Command): void {
  addCallerOptions(program.command('chat [question]').description('ask a model'))
    .requiredOption('--model <key>', 'the model')
    // Repeatable and not variadic: a variadic option would swallow the question after it.
    .option('--integration <id>', 'an MCP server whose tools the model may call, e.g. mcp/files; repeatable', collect)
    .option('--system <prompt>', 'the system prompt')
    .option('--temperature <number>', '0 gives the likeliest answer')
    .option('--previous-response <id>', 'go on from an earlier answer; without a question, from a call that waits')
    .option('--json', 'print the whole result as JSON')
    .action(chat);
}

function readNumber(flag: string, text: string): number {
  if (text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  throw new CommandError(`${flag}: '${text}' is not a number.`);
}

const collect = (id: string, others: readonly string[] = []): readonly string[] => [...others, id];

async function chat(question: string | undefined, flags: Flags): Promise<void> {
  if (question === undefined && flags.previousResponse === undefined) {
    throw new CommandError('Ask something: latchkey chat --model MODEL "question".');
  }
  const response = await connect(asCaller(flags), process.env).request('POST', '/api/v1/chat', {
    model: flags.model,
    ...(question === undefined ? {} : { input: question }),
    stream: true,
    ...(flags.integration === undefined ? {} : { integrations: flags.integration }),
    ...(flags.system === undefined ? {} : { system_prompt: flags.system }),
    ...(flags.temperature === undefined ? {} : { temperature: readNumber('--temperature', flags.temperature) }),
    ...(flags.previousResponse === undefined ? {} : { previous_response_id: flags.previousResponse }),
  });
  let failure: string | undefined;
  let result: unknown;
  for await (const data of readEvents(response)) {
    const event = JSON.parse(data) as ShownEvent;
    if (event.type === 'error') failure = event.error.message;
    else if (event.type === 'chat.end') result = event.result;
    else if (!flags.json) show(event);
  }
  if (flags.json) printJson(result);
  else print('');
  if (failure !== undefined) throw new CommandError(failure, { ending: 'failed' });
}

function show(event: Exclude<ShownEvent, { type: 'error' | 'chat.end' }>): void {
  const tell = (format: Parameters<typeof style>[0], text: string): void => remark(style(format, text, process.stderr));
  if (event.type === 'message.delta') {
    // The answer may repeat a page or a file that contains control characters of terminals.
    printProse(event.content);
  } else if (event.type === 'tool_call.arguments') {
    tell('dim', `→ ${event.tool} ${JSON.stringify(event.arguments)}`);
  } else if (event.type === 'tool_call.approval_required') {
    tell('yellow', `… waits for a person: latchkey approvals approve ${event.approval_id}`);
    if (event.response_id === undefined) return;
    tell('dim', `  You may leave: the same command with --previous-response ${event.response_id} comes back.`);
  } else if (event.type === 'tool_call.failure') {
    tell('yellow', `✗ ${event.reason}`);
  }
}
