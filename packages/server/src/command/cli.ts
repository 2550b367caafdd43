import { readFileSync } from 'node:fs';
import { AuthError } from '@latchkey/auth-core';
import { LatchkeyError } from '@latchkey/client';
import { BridgeError } from '@latchkey/mcp-bridge';
import { Command } from 'commander';
import { describeSystemError, isSystemError } from '../config/path-failure.ts';
import { OperatorError } from '../contracts/operator-error.ts';
import { ServerError } from '../contracts/server-error.ts';
import { hideSecrets } from '../telemetry/hide-secrets.ts';
import { addApprovalsCommands } from './approvals.ts';
import { addAuditCommands } from './audit.ts';
import { addCanCommand } from './can.ts';
import { addChatCommand } from './chat.ts';
import { CommandError } from './command-error.ts';
import { addKeysCommands } from './keys.ts';
import { addLoginCommand } from './login.ts';
import { addLogoutCommand } from './logout.ts';
import { addMcpCommands } from './mcp.ts';
import { addModelsCommand } from './models.ts';
import { addServeCommand } from './serve.ts';
import { addSettingsCommands } from './settings.ts';
import { addTokenCommands } from './token/token-commands.ts';
import { addUsageCommand } from './usage.ts';
import { addWhoamiCommand } from './whoami.ts';

/** The `latchkey` command. Sets the exit code: 0, or 1 with one line on standard error that says what to do. */
export async function main(argv: readonly string[]): Promise<void> {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const program = new Command('latchkey')
    .description('A server for language models on your own hardware, with a lock on every door')
    .version(manifest.version)
    .showHelpAfterError('(latchkey --help says more)')
    // What was mistyped may be a token.
    .configureOutput({ outputError: (text, write) => write(hideSecrets(text)) });
  addServeCommand(program);
  addTokenCommands(program);
  addKeysCommands(program);
  addModelsCommand(program);
  addMcpCommands(program);
  addChatCommand(program);
  addLoginCommand(program);
  addLogoutCommand(program);
  addWhoamiCommand(program);
  addCanCommand(program);
  addSettingsCommands(program);
  addUsageCommand(program);
  addApprovalsCommands(program);
  addAuditCommands(program);
  // Who reads only the beginning closes the pipe, and wants no more.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  try {
    await program.parseAsync(argv);
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`latchkey: ${hideSecrets(isForPeople(error) ? error.message : describeFault(error))}\n`);
  }
}

function isForPeople(error: unknown): error is Error {
  return [CommandError, OperatorError, ServerError, AuthError, BridgeError, LatchkeyError].some(
    (type) => error instanceof type,
  );
}

function describeFault(error: unknown): string {
  // The system's own words for a file that is not there, a full disk, a name that no machine has.
  if (isSystemError(error)) return error.path === undefined ? error.message : describeSystemError(error.path, error);
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
