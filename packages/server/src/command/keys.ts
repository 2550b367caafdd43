import type { AccessTokens, RotatedKey, RotateKeysInput } from '@latchkey/auth-core/jwt';
import type { Command } from 'commander';
import { findClosedFolder } from './closed-folder.ts';
import { addStoreOptions, type ConnectionFlags, connect } from './connection.ts';
import { print, printJson, printTable } from './print.ts';

interface Flags extends ConnectionFlags {
  readonly json?: boolean;
}

type KeySet = Awaited<ReturnType<AccessTokens['jwks']>>;

/** The operations behind the commands, over HTTP or on the database itself. */
interface KeyAdministration {
  list(): Promise<KeySet>;
  rotate(input: RotateKeysInput): Promise<RotatedKey>;
}

/** `latchkey keys list|rotate`. */
export function addKeysCommands(program: Command): void {
  const keys = program.command('keys').description('the keys that access tokens are signed with');

  common(
    keys.command('list').description('list the public keys, as other servers get them'),
    'latchkey keys list',
  ).action(async (flags: Flags) => {
    const set = await withKeys(flags, (administration) => administration.list());
    if (flags.json) return printJson(set);
    printTable(
      ['KEY', 'ALGORITHM', 'SIGNS FROM', 'COUNTS UNTIL'],
      set.keys.map(({ kid = '-', alg = '-', nbf, exp }) => [
        kid,
        alg,
        minute(nbf),
        exp === undefined ? 'it is replaced' : minute(exp),
      ]),
    );
  });

  common(
    keys
      .command('rotate')
      .description('make a new key; the old ones count until all that they have signed has expired')
      .option('--compromised', 'drop the old keys at once, with all that they have signed'),
    'latchkey keys rotate --compromised',
  ).action(async (flags: Flags & RotateKeysInput) => {
    const input = flags.compromised === undefined ? {} : { compromised: flags.compromised };
    const rotated = await withKeys(flags, (administration) => administration.rotate(input));
    if (flags.json) return printJson(rotated);
    print(`Key ${rotated.kid} signs from ${rotated.signsFrom}.`);
    if (flags.compromised) print('The keys before it count no more.');
  });
}

const minute = (seconds: number): string => `${new Date(seconds * 1000).toISOString().slice(0, 16)}Z`;

function common(command: Command, example: string): Command {
  return addStoreOptions(command).option('--json', 'print JSON').addHelpText('after', `\nExample:\n  ${example}`);
}

/** Runs `use` on a running server, or, with `--data` and no server on that folder, on the database itself. */
async function withKeys<T>(flags: Flags, use: (keys: KeyAdministration) => Promise<T>): Promise<T> {
  await using opened = new AsyncDisposableStack();
  const data = await findClosedFolder(flags, opened);
  if (data === undefined) {
    const api = connect(flags, process.env);
    return use({
      list: async () => (await api.request('GET', '/.well-known/jwks.json')).json() as Promise<KeySet>,
      rotate: async (input) => (await api.request('POST', '/api/v1/keys/rotate', input)).json() as Promise<RotatedKey>,
    });
  }
  const { openInstallation } = await import('./open-installation.ts');
  const { access, keys, auth } = await openInstallation({ data, environment: process.env }, opened);
  return await use({ list: access.jwks, rotate: (input) => keys.rotate(input, auth.operator()) });
}
