import { styleText } from 'node:util';
import type { Answer, ChatEvent } from './api.ts';

type Style = Parameters<typeof styleText>[0];
const style = (format: Style, text: string): string => styleText(format, text, { stream: process.stdout });
const write = (text: string): void => void process.stdout.write(text);

/** Prints what happens, as it happens. */
export const show = {
  title: (text: string): void => write(`\n${style('bold', text)}\n`),
  line: (text: string): void => write(`  ${text}\n`),
  quiet: (text: string): void => write(`  ${style('dim', text)}\n`),
  grant: (name: string, id: string, grant: unknown): void =>
    write(`  ${style('cyan', name.padEnd(7))} ${style('dim', id)}  ${JSON.stringify(grant)}\n`),
  verdict: (passed: boolean, text: string): void =>
    write(`  ${passed ? style('green', '✓') : style('red', '✗')} ${text}\n`),
  refusal: ({ status, body }: Answer): void =>
    write(`  ${style('yellow', `HTTP ${status}`)} ${body.error?.message ?? JSON.stringify(body)}\n`),
  stats: ({ body: { stats } }: Answer): void => {
    if (stats === undefined) return;
    const load =
      stats.model_load_time_seconds === undefined
        ? ''
        : `, model loaded in ${stats.model_load_time_seconds.toFixed(2)} s`;
    show.quiet(
      `${stats.input_tokens} tokens in, ${stats.total_output_tokens} out, ` +
        `first after ${(stats.time_to_first_token_seconds * 1000).toFixed(0)} ms, ` +
        `${stats.tokens_per_second.toFixed(0)} tokens/s${load}`,
    );
  },
};

/** Prints a stream's events as they arrive: the model's text, and its calls. */
export function createEventPrinter(): (event: ChatEvent) => void {
  return (event) => {
    const [type, name] = [event.type, String(event.tool ?? '')];
    if (type === 'model_load.start') show.quiet(`loading ${String(event.model_instance_id)} …`);
    else if (type === 'tool_call.arguments')
      show.line(`${style('magenta', '→')} ${name} ${JSON.stringify(event.arguments)}`);
    else if (type === 'tool_call.approval_required')
      show.line(`${style('yellow', '?')} ${name} waits for a person to agree`);
    else if (type === 'tool_call.success') {
      const [part] = JSON.parse(String(event.output)) as { text?: string }[];
      const lines = (part?.text ?? '').split('\n');
      show.line(
        `${style('magenta', '←')} ${style('dim', lines[0] ?? '')}${lines.length > 1 ? style('dim', ` … (${lines.length} lines)`) : ''}`,
      );
    } else if (type === 'tool_call.failure') show.line(`${style('yellow', '!')} ${String(event.reason)}`);
    else if (type === 'message.start') write(`  ${style('cyan', '“')}`);
    else if (type === 'message.delta') write(style('cyan', String(event.content)));
    else if (type === 'message.end') write(`${style('cyan', '”')}\n`);
    else if (type === 'error') show.line(style('red', JSON.stringify(event.error)));
  };
}
