import { createClient } from '@latchkey/client';
import { type Command, Option } from 'commander';
import { inPlainWords } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { addConnectionOptions, type ConnectionFlags, expectServer, findConnection } from '../connection.ts';
import { print, printJson, remark } from '../print.ts';
import { readGrant } from '../read-grant.ts';
import { readSecret } from '../read-secret.ts';
import { requireDash } from './read-presented-token.ts';
import { addJsonOption, GRANT, readEnd } from './token-options.ts';

interface Flags extends ConnectionFlags {
  readonly grant?: string;
  readonly expires?: string;
  readonly as?: 'api-key' | 'access';
  readonly audience?: readonly string[];
  readonly json?: boolean;
}

/** The server's response (RFC 8693 section 2.2.1). */
interface Answer {
  readonly access_token?: unknown;
  readonly expires_in?: unknown;
}

const TOKEN_TYPES = {
  access: 'urn:ietf:params:oauth:token-type:access_token',
  'api-key': 'urn:latchkey:params:oauth:token-type:api-key',
} as const;

/** `latchkey token exchange`. */
export function addExchangeCommand(token: Command): void {
  const command = token
    .command('exchange')
    .argument('[token]', '- reads it from standard input (default: the token that you use)')
    .description('turn a token of any kind into an API key or an access token that ends with it')
    .option(GRANT, 'what it may do at most (default: as much)')
    .option('--expires <when>', 'until when, e.g. 1h (default: as long as the token)')
    .addOption(new Option('--as <kind>', 'what to make (default: api-key)').choices(['api-key', 'access']))
    .option('--audience <url>', 'a server that the access token is for; repeatable', repeat)
    .action(exchange);
  addConnectionOptions(command, 'a data folder: its server');
  addJsonOption(
    command,
    'latchkey token attenuate --expires 1h | latchkey token exchange -\n  latchkey token exchange --audience https://tools.example.com',
  );
}

const repeat = (value: string, others: readonly string[] = []): readonly string[] => [...others, value];

async function exchange(argument: string | undefined, flags: Flags): Promise<void> {
  requireDash(argument);
  const { audience = [], as = audience.length === 0 ? 'api-key' : 'access' } = flags;
  const { url, token: own, expected } = findConnection(flags, process.env);
  const narrowing = readNarrowing(flags);
  const subject =
    argument === '-' || own === undefined
      ? await readSecret('Token (it is not shown): ', process.stdin, process.stderr)
      : own;
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subject,
    // The server finds out the kind of the token when it verifies it.
    subject_token_type: TOKEN_TYPES.access,
    requested_token_type: TOKEN_TYPES[as],
    ...narrowing,
  });
  for (const name of audience) form.append('audience', name);
  // The token in the form is the credential of this request.
  const client = createClient({ url, fetch: expectServer(expected), profile: null, environment: {} });
  const response = await inPlainWords(() => client.fetch('/oauth/token', { method: 'POST', body: form }));
  const answer = (await response.json()) as Answer;
  if (flags.json) return printJson(answer);
  if (typeof answer.access_token !== 'string') throw new CommandError(`${url} has sent no token.`);
  print(answer.access_token);
  const what = as === 'access' ? 'An access token' : 'An API key';
  remark(`${what}${describeEnd(answer)}. It ends with the token that it was made of, at the latest.`);
}

function describeEnd({ expires_in: seconds }: Answer): string {
  return typeof seconds === 'number' ? `, until ${new Date(Date.now() + seconds * 1000).toISOString()}` : '';
}

function readNarrowing({ grant, expires }: Flags): Record<string, string> {
  const now = new Date();
  const seconds = expires === undefined ? 0 : (Date.parse(readEnd(expires, now)) - now.getTime()) / 1000;
  if (expires !== undefined && seconds < 1) throw new CommandError(`--expires: ${expires} is over.`);
  return {
    ...(grant === undefined ? {} : { grant: JSON.stringify(readGrant(grant)) }),
    ...(expires === undefined ? {} : { expires_in: String(Math.floor(seconds)) }),
  };
}
