import {
  AuthenticationError,
  createClient,
  type Environment,
  LatchkeyError,
  readProfiles,
  removeProfile,
  resolveConnection,
} from '@latchkey/client';
import type { Command } from 'commander';
import { CommandError } from './command-error.ts';
import { expectServer } from './connection.ts';
import { print } from './print.ts';
import { profileName } from './profile-name.ts';

interface Flags {
  readonly profile?: string;
  readonly keep?: boolean;
}

/** A server that is silent keeps no one from forgetting a token. */
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

/** Revokes the token of a profile at the profile's own server, and says what has become of it. */
async function endToken(name: string, environment: Environment): Promise<string> {
  const profile = readProfiles(environment).get(name);
  if (profile === undefined) throw new CommandError(`There is no profile '${name}' to log out of.`);
  if (profile.token === undefined) return 'It had no token.';
  try {
    const { HOME, USERPROFILE, LATCHKEY_CREDENTIALS } = environment;
    const own = { HOME, USERPROFILE, LATCHKEY_CREDENTIALS };
    const { url, serverKey: key } = resolveConnection({ profile: name, environment: own });
    const fetch = expectServer(key === undefined ? undefined : { url, key });
    await createClient({ profile: name, environment: own, timeout: TIMEOUT_MILLISECONDS, fetch }).auth.revoke();
    return 'Its token is revoked.';
  } catch (error) {
    if (error instanceof AuthenticationError) return 'Its token had ended before.';
    if (!(error instanceof LatchkeyError)) throw error;
    if (error.cause instanceof CommandError)
      return `Its token was not revoked and may still work: ${error.cause.message}`;
    return `Its token could not be revoked and may still work: ${error.message}`;
  }
}
