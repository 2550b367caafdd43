import {
  askServer,
  checkProfilesWritable,
  createClient,
  credentialsFile,
  type Environment,
  findProfile,
  resolveConnection,
  saveProfile,
} from '@latchkey/client';
import type { Command } from 'commander';
import { defaultDataFolder } from '../config/own-home.ts';
import { inPlainWords } from './api-client.ts';
import { type ExpectedServer, expectServer, type FoundConnection, withRunningServer } from './connection.ts';
import { openKnownServers } from './known-servers.ts';
import { print, remark } from './print.ts';
import { profileName } from './profile-name.ts';
import { readSecret } from './read-secret.ts';

interface Flags {
  readonly profile?: string;
  readonly url?: string;
  readonly project?: string;
}

/** `latchkey login`. */
export function addLoginCommand(program: Command): void {
  program
    .command('login')
    .description('keep a token for a server in ~/.latchkey/credentials, once the server has taken it')
    .option('--profile <name>', 'the name to keep it under (default: default)')
    .option('--url <url>', 'the server (default: the one of the profile, or the one that runs here)')
    .option('--project <name>', 'the project to act for')
    .action((flags: Flags) => login(flags, process.env));
}

async function login(flags: Flags, environment: Environment): Promise<void> {
  const name = profileName(flags, environment);
  const { url, project, expected } = findServerFor(name, flags, environment);
  checkProfilesWritable(environment);
  const serverKey = await meetServer(url, expected);
  const token = await readSecret(`API token for ${url} (it is not shown): `, process.stdin, process.stderr);
  const place = { url, ...(project === undefined ? {} : { project }) };
  const client = createClient({
    ...place,
    token,
    fetch: expectServer(serverKey === undefined ? undefined : { ...expected, url, key: serverKey }),
    profile: null,
    environment: {},
  });
  const identity = await inPlainWords(() => client.auth.whoami());
  saveProfile(name, { ...place, token, serverKey }, environment);
  openKnownServers(environment).keep(url, serverKey);
  const owner = identity.owner === '' ? '' : ` of ${identity.owner}`;
  print(`Logged in to ${url} as ${identity.name} (${identity.id}, ${identity.kind})${owner}.`);
  print(`Profile '${name}' is in ${credentialsFile(environment)}.`);
  if (environment.LATCHKEY_API_TOKEN?.trim() && flags.profile === undefined) {
    remark(`LATCHKEY_API_TOKEN is set, and the profile is not used beside it. Unset it, or use --profile ${name}.`);
  }
}

/**
 * Returns the key that the server proves, which the profile stores. The server of the data folder must prove its own
 * key. Any other server may have a new key, and logging in again accepts it.
 */
async function meetServer(url: string, expected: ExpectedServer | undefined): Promise<string | undefined> {
  if (expected?.pid !== undefined) return expected.key;
  const answer = await askServer(url);
  const key = answer.type === 'proven' ? answer.key : undefined;
  if (expected !== undefined && key !== undefined && key !== expected.key) {
    remark(`The server at ${url} has another key than when you logged in before. The new one is kept in its place.`);
  }
  if (answer.type === 'unproven') {
    remark(`What answers at ${url} proves no key, so that commands cannot know it again: see docs/client.md.`);
  }
  return key;
}

/** Resolves the server as other commands do, except that the profile need not exist yet and its token is ignored. */
function findServerFor(name: string, flags: Flags, environment: Environment): FoundConnection {
  const isThere = findProfile(name, environment) !== undefined;
  const folder = environment.LATCHKEY_DATA || defaultDataFolder();
  return withRunningServer(folder, (defaultUrl) =>
    resolveConnection({
      // The token is about to be replaced.
      token: 'none',
      // A variable applies to one shell, a profile to all of them.
      environment: { ...environment, LATCHKEY_PROJECT: undefined, LATCHKEY_API_TOKEN: undefined },
      ...(isThere ? {} : { profile: null }),
      ...(isThere && flags.profile !== undefined ? { profile: name } : {}),
      ...(flags.url === undefined ? {} : { url: flags.url }),
      ...(flags.project === undefined ? {} : { project: flags.project }),
      defaultUrl,
    }),
  );
}
