import { visibleText } from '@latchkey/mcp-bridge/visible-text';
import { type Command, CommanderError } from 'commander';
import { readSecretFiles } from '../config/secret-files.ts';
import { hideSecrets } from '../telemetry/hide-secrets.ts';
import { createProgram } from './commands.ts';
import { describeFailure } from './describe-failure.ts';
import { MissingCommands } from './did-you-mean.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { toJson } from './print.ts';

/**
 * The `latchkey` command. Sets the exit code, see `EXIT_CODES`. A failure is one line on standard error that says what
 * to do.
 */
export async function main(argv: readonly string[]): Promise<void> {
  const asJson = argv.includes('--json');
  // A reader that needs only the beginning closes the pipe; the command then ends.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  try {
    Object.assign(process.env, readSecretFiles(process.env));
    await run(argv, asJson);
  } catch (error) {
    fail(error, asJson);
  }
}

/** Runs the command of a command line. With `asJson`, the caller prints the mistakes in it. */
export async function run(argv: readonly string[], asJson: boolean): Promise<void> {
  try {
    await parse(await createProgram(argv[2]), argv, asJson);
  } catch (error) {
    if (!(error instanceof MissingCommands)) throw error;
    await parse(await createProgram(), argv, asJson);
  }
}

async function parse(program: Command, argv: readonly string[], asJson: boolean): Promise<void> {
  program.showHelpAfterError(asJson ? false : '(latchkey --help says more)');
  endLikeOthers(program, asJson);
  await program.parseAsync(argv);
}

/** Prints a failure on standard error, as a JSON object on one line when JSON was requested, and sets the exit code. */
function fail(error: unknown, asJson: boolean): void {
  // Help and version output also end with this error, after they have been printed.
  if (error instanceof CommanderError && error.exitCode === 0) return;
  const { ending, code, message } = describeFailure(error);
  process.exitCode = EXIT_CODES[ending].exit;
  if (asJson) process.stderr.write(`${toJson({ error: { code, message } })}\n`);
  else if (!(error instanceof CommanderError)) process.stderr.write(`latchkey: ${visibleText(message)}\n`);
}

/** Makes a mistake in the command line end like every other failure, in subcommands as well. */
function endLikeOthers(command: Command, asJson: boolean): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => process.stdout.write(visibleText(text)),
    writeErr: (text) => process.stderr.write(visibleText(text)),
    // The mistyped text may be a token.
    outputError: (text, write) => {
      if (!asJson) write(visibleText(hideSecrets(text)));
    },
  });
  for (const child of command.commands) endLikeOthers(child, asJson);
}
