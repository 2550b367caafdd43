import { visibleText } from '@latchkey/mcp-bridge/visible-text';
import { type Command, CommanderError } from 'commander';
import { readSecretFiles } from '../config/secret-files.ts';
import { VERSION } from '../config/version.ts';
import { hideSecrets } from '../telemetry/hide-secrets.ts';
import { addAdminCommands } from './admin.ts';
import { addApprovalsCommands } from './approvals.ts';
import { addAuditCommands } from './audit.ts';
import { addBackupCommands } from './backup.ts';
import { addCanCommand } from './can.ts';
import { addChatCommand } from './chat.ts';
import { addCompletionCommand } from './completion.ts';
import { addConsoleCommand } from './console.ts';
import { describeFailure } from './describe-failure.ts';
import { SuggestingCommand } from './did-you-mean.ts';
import { addDoctorCommand } from './doctor.ts';
import { addEraseCommand } from './erase.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { addInstanceCommands } from './instances.ts';
import { addKeyCommands } from './key.ts';
import { addKeysCommands } from './keys.ts';
import { addLaunchCommands } from './launch.ts';
import { addLoginCommand } from './login.ts';
import { addLogoutCommand } from './logout.ts';
import { addMcpCommands } from './mcp.ts';
import { addModelsCommand } from './models.ts';
import { toJson } from './print.ts';
import { addPullCommands } from './pull.ts';
import { addResponseCommands } from './response.ts';
import { addServeCommand } from './serve.ts';
import { addServiceCommands } from './service.ts';
import { addLockdownCommand, addSettingsCommands } from './settings.ts';
import { addTokenCommands } from './token/token-commands.ts';
import { addUsageCommand } from './usage.ts';
import { addWhoamiCommand } from './whoami.ts';

/** Creates the program with every command. With `asJson`, `main` prints the mistakes in the command line. */
export function createProgram(asJson = false): Command {
  const program = new SuggestingCommand('latchkey')
    .description('A server for language models on your own hardware, with a lock on every door')
    .version(VERSION)
    .showHelpAfterError(asJson ? false : '(latchkey --help says more)');
  addServeCommand(program);
  addServiceCommands(program);
  addDoctorCommand(program);
  addTokenCommands(program);
  addKeyCommands(program);
  addKeysCommands(program);
  addModelsCommand(program);
  addInstanceCommands(program);
  addPullCommands(program);
  addMcpCommands(program);
  addChatCommand(program);
  addConsoleCommand(program);
  addLaunchCommands(program);
  addLoginCommand(program);
  addLogoutCommand(program);
  addWhoamiCommand(program);
  addCanCommand(program);
  addSettingsCommands(program);
  addLockdownCommand(program);
  addUsageCommand(program);
  addResponseCommands(program);
  addApprovalsCommands(program);
  addAuditCommands(program);
  addAdminCommands(program);
  addBackupCommands(program);
  addEraseCommand(program);
  addCompletionCommand(program);
  endLikeOthers(program, asJson);
  return program;
}

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
    await createProgram(asJson).parseAsync(argv);
  } catch (error) {
    fail(error, asJson);
  }
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
