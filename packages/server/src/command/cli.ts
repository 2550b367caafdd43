import { readFileSync } from 'node:fs';
import { AuthError } from '@latchkey/auth-core';
import { BridgeError } from '@latchkey/mcp-bridge';
import { Command } from 'commander';
import { ConfigError } from '../config/load-config.ts';
import { ServerError } from '../contracts/server-error.ts';
import { addCanCommand } from './can.ts';
import { addChatCommand } from './chat.ts';
import { CommandError } from './command-error.ts';
import { addModelsCommand } from './models.ts';
import { addServeCommand } from './serve.ts';
import { addTokenCommands } from './token.ts';
import { addWhoamiCommand } from './whoami.ts';

/** The `latchkey` command. Sets the exit code: 0, or 1 with one line on standard error that says what to do. */
export async function main(argv: readonly string[]): Promise<void> {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const program = new Command('latchkey')
    .description('A server for language models on your own hardware, with a lock on every door')
    .version(manifest.version)
    .showHelpAfterError('(latchkey --help says more)');
  addServeCommand(program);
  addTokenCommands(program);
  addModelsCommand(program);
  addChatCommand(program);
  addWhoamiCommand(program);
  addCanCommand(program);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`latchkey: ${isForPeople(error) ? error.message : describeFault(error)}\n`);
  }
}

function isForPeople(error: unknown): error is Error {
  return [CommandError, ConfigError, ServerError, AuthError, BridgeError].some((type) => error instanceof type);
}

function describeFault(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
