import {
  AuthenticationError,
  createClient,
  type Environment,
  findProfile,
  removeProfile,
  resolveConnection,
} from '@latchkey/client';
import type { Command } from 'commander';
import { defaultDataFolder } from '../config/own-home.ts';
import { inPlainWords } from './api-client.ts';
import { CommandError } from './command-error.ts';
import { expectServer, type FoundConnection, withRunningServer } from './connection.ts';
import { describeFailure } from './describe-failure.ts';
import { print } from './print.ts';
import { profileName } from './profile-name.ts';

interface Flags {
  readonly profile?: string;
  readonly keep?: boolean;
}

/** A server that does not answer must not keep a token from being forgotten. */
const TIMEOUT_MILLISECONDS = 10_000;

/** `latchkey logout`. */
export function addLogoutCommand(program: Command): void {
  program
    .command('logout')
    .description('forget the token that login has kept, and end it on its server')
    .option('--profile <name>', 'the name that it is kept under (default: default)')
    .option('--keep', 'leave the token valid, since it is used elsewhere')
    .action((flags: Flags) => logout(flags, process.env));
}

async function logout(flags: Flags, environment: Environment): Promise<void> {
  const name = profileName(flags, environment);
  if (flags.keep === true) {
    remove(name, environment);
    print(`Removed profile '${name}'. Its token still works.`);
    return;
  }
  const end = await endToken(name, environment);
  remove(name, environment);
  print(`Removed profile '${name}'. ${end}`);
}

function remove(name: string, environment: Environment): void {
  if (!removeProfile(name, environment)) throw new CommandError(`There is no profile '${name}' to log out of.`);
}

/**
 * Revokes the token of a profile and describes the outcome. The token is sent only to the profile's own server, or to
 * the server on this machine once it has proven its identity. The connection variables of the environment are ignored.
 */
async function endToken(name: string, environment: Environment): Promise<string> {
  const profile = findProfile(name, environment);
  if (profile === undefined) throw new CommandError(`There is no profile '${name}' to log out of.`);
  if (profile.token === undefined) return 'It had no token.';
  try {
    const { expected, ...connection } = findServerOf(name, environment);
    const client = createClient({
      ...connection,
      fetch: expectServer(expected),
      timeout: TIMEOUT_MILLISECONDS,
      profile: null,
      environment: {},
    });
    const { stored } = await inPlainWords(() => client.auth.revoke());
    if (stored) return 'Its token is revoked.';
    return 'Its token is revoked on its server, which stores that as soon as its database can be written.';
  } catch (error) {
    const cause = error instanceof CommandError ? error.cause : error;
    if (cause instanceof AuthenticationError) return 'Its token had ended before.';
    return `Its token could not be revoked and may still work: ${describeFailure(error).message}`;
  }
}

function findServerOf(name: string, environment: Environment): FoundConnection {
  const { HOME, USERPROFILE, LATCHKEY_CREDENTIALS } = environment;
  const own = { HOME, USERPROFILE, LATCHKEY_CREDENTIALS };
  return withRunningServer(environment.LATCHKEY_DATA || defaultDataFolder(), (defaultUrl) =>
    resolveConnection({ profile: name, environment: own, defaultUrl }),
  );
}
