import { createInterface } from 'node:readline/promises';
import { visibleText } from '@latchkey/mcp-bridge/visible-text';
import { CommandError } from './command-error.ts';

/** Asks the person at the terminal. Throws CommandError for any answer but yes. */
export async function confirm(question: string): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Closing the terminal, or an interrupt, is not consent. The line of the question has not been ended then.
  const closed = new Promise<string>((resolve) => {
    terminal.once('close', () => resolve('\n'));
    terminal.once('SIGINT', () => terminal.close());
  });
  const answer = await Promise.race([terminal.question(`${visibleText(question)} [y/N] `), closed]);
  terminal.close();
  if (answer === '\n') process.stderr.write(answer);
  if (!/^y(?:es)?$/i.test(answer.trim()))
    throw new CommandError('Nothing was changed.', { ending: 'failed', code: 'not_agreed' });
}
