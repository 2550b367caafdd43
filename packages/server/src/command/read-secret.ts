import { visibleLine } from '@latchkey/mcp-bridge/visible-text';
import { CommandError } from './command-error.ts';

/** Standard input: a terminal, a pipe or a file. */
export interface SecretInput extends AsyncIterable<Uint8Array | string> {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
}

/** Where the prompt is written: standard error, since standard output is for the result of a command. */
export interface PromptOutput {
  write(text: string): unknown;
}

/** The longest secret, in characters. */
const MAXIMUM_LENGTH = 65_536;

/**
 * Reads a secret: from a terminal without echo, otherwise all of standard input. It is never taken from an argument,
 * which every user of the machine can read.
 */
export async function readSecret(prompt: string, input: SecretInput, output: PromptOutput): Promise<string> {
  const secret = (input.isTTY === true ? await readHidden(prompt, input, output) : await readAll(input)).trim();
  if (secret === '') throw new CommandError('No token came in. Type it, or send it to standard input.');
  return secret;
}

async function readAll(input: SecretInput): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of input) {
    text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    if (text.length > MAXIMUM_LENGTH) throw new CommandError('What came in is too long to be a token.');
  }
  return text;
}

const INTERRUPT = '\u0003';
const CLEAR = '\u0015';
const ENDS: ReadonlySet<string> = new Set(['\r', '\n', '\u0004', INTERRUPT]);

async function readHidden(prompt: string, input: SecretInput, output: PromptOutput): Promise<string> {
  // Turns the echo off before the prompt appears: typing may start at once.
  input.setRawMode?.(true);
  output.write(visibleLine(prompt));
  const line = { typed: [] as string[], end: undefined as string | undefined };
  const decoder = new TextDecoder();
  for await (const chunk of input) {
    press(typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }), line);
    if (line.end === undefined) continue;
    // Leaving the loop closes the terminal, after which its mode cannot be restored.
    input.setRawMode?.(false);
    break;
  }
  output.write('\n');
  if (line.end === INTERRUPT) throw new CommandError('Interrupted; nothing was changed.', { ending: 'interrupted' });
  return line.typed.join('');
}

/** Applies key presses to a line, up to the key that ends it. */
function press(keys: string, line: { typed: string[]; end: string | undefined }): void {
  for (const key of keys) {
    if (ENDS.has(key)) {
      line.end = key;
      return;
    }
    if (key === '\b' || key === '\u007f') line.typed.pop();
    else if (key === CLEAR) line.typed = [];
    else if (key >= ' ') line.typed.push(key);
  }
}
