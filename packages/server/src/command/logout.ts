import { AuthenticationError, createClient, type Environment, readProfiles, removeProfile } from '@latchkey/client';
import type { Command } from 'commander';
import { inPlainWords } from './api-client.ts';
import { CommandError } from './command-error.ts';
import { print, remark } from './print.ts';
import { profileName } from './profile-name.ts';

interface Flags {
  readonly profile?: string;
  readonly revoke?: boolean;
}

/** `latchkey logout`. */
export function addLogoutCommand(program: Command): void {
  program
    .command('logout')
    .description('forget the token that login has kept')
    .option('--profile <name>', 'the name that it is kept under (default: default)')
    .option('--revoke', 'end the token for good, wherever else it is used')
    .action((flags: Flags) => logout(flags, process.env));
}

async function logout(flags: Flags, environment: Environment): Promise<void> {
  const name = profileName(flags, environment);
  const profile = readProfiles(environment).get(name);
  if (profile === undefined) throw new CommandError(`There is no profile '${name}' to log out of.`);
  const revoked = flags.revoke === true && profile.token !== undefined && (await revoke(name, environment));
  removeProfile(name, environment);
  print(revoked ? `Revoked the token of profile '${name}' and removed it.` : `Removed profile '${name}'.`);
  if (flags.revoke !== true) remark('The token itself still works; --revoke would have ended it.');
}

/** False: the token had ended before. Any other failure keeps the profile, so that the token can still be revoked. */
async function revoke(name: string, environment: Environment): Promise<boolean> {
  // The profile's own server and token, whatever the environment says.
  const { HOME, USERPROFILE } = environment;
  const client = createClient({ profile: name, environment: { HOME, USERPROFILE } });
  try {
    await client.auth.revoke();
    return true;
  } catch (error) {
    if (error instanceof AuthenticationError) return false;
    return inPlainWords(() => Promise.reject(error));
  }
}
