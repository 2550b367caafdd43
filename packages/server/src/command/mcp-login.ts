import { setTimeout as wait } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { ApiClient } from './api-client.ts';
import { CommandError } from './command-error.ts';
import { addConnectionOptions, type ConnectionFlags, connect } from './connection.ts';
import { openCallback } from './mcp-login-callback.ts';
import { openBrowser } from './open-browser.ts';
import { print, printJson, remark } from './print.ts';
import { readAnswerLine } from './read-answer-line.ts';
import { parseWholeNumber } from './whole-number.ts';

interface LoginFlags extends ConnectionFlags {
  readonly browser: boolean;
  readonly device?: boolean;
  readonly callbackPort?: number;
  readonly callbackHost?: string;
  readonly json?: boolean;
}

interface State {
  readonly id: string;
  readonly account: 'user' | 'shared';
  readonly grant: string;
  readonly callbackHost: string | null;
  readonly callbackPort: number | null;
}

interface Begun {
  readonly id: string;
  readonly url: string;
  readonly completeUrl?: string;
  readonly userCode?: string;
  readonly intervalMs?: number;
}

/** `latchkey mcp login <server>`, `latchkey mcp logout <server>`. */
export function addMcpLoginCommands(mcp: Command): void {
  addConnectionOptions(mcp.command('login').description('sign in to a remote server, by a browser or another device'))
    .argument('<server>', 'its label, or its id')
    .option('--no-browser', 'only print the link; the address that the browser ends at can be pasted')
    .option('--device', 'sign in on another device, with a code')
    .addOption(
      new Option('--callback-port <port>', 'where the browser comes back to').argParser((text: string) =>
        parseWholeNumber('--callback-port', text),
      ),
    )
    .addOption(new Option('--callback-host <host>', 'and by which name').choices(['localhost', '127.0.0.1']))
    .option('--json', 'print JSON')
    .action(async (server: string, flags: LoginFlags) => {
      const client = connect(flags, process.env);
      const state = (await (await client.request('GET', pathOf(server))).json()) as State;
      if (state.grant !== 'login') {
        throw new CommandError(`The MCP server '${server}' needs no login: its entry in mcp.json says ${state.grant}.`);
      }
      await (flags.device === true ? byDevice(client, server) : byBrowser(client, server, state, flags));
      if (flags.json) return printJson({ id: state.id, account: state.account, signedIn: true });
      print(`Signed in to ${state.id}${state.account === 'shared' ? ', for all callers that may use it' : ''}.`);
    });

  addConnectionOptions(mcp.command('logout').description('end the login at a remote server'))
    .argument('<server>', 'its label, or its id')
    .option('--json', 'print JSON')
    .action(async (server: string, flags: ConnectionFlags & { readonly json?: boolean }) => {
      const response = await connect(flags, process.env).request('DELETE', pathOf(server));
      const { ended } = (await response.json()) as { readonly ended: boolean };
      if (flags.json) return printJson({ ended });
      print(ended ? `Signed out of ${server}.` : `There was no login at ${server}.`);
    });
}

async function byBrowser(client: ApiClient, server: string, state: State, flags: LoginFlags): Promise<void> {
  const host = flags.callbackHost ?? state.callbackHost ?? '127.0.0.1';
  const port = flags.callbackPort ?? state.callbackPort ?? 0;
  await using callback = await openCallback(host, port);
  const begun = await begin(client, server, { redirectUri: callback.url });
  remark('Sign in with a browser at this address:');
  print(begun.url);
  if (flags.browser) openBrowser(begun.url);
  remark('If the browser runs on another machine, paste here the address at which it ends.');
  using line = readAnswerLine(process.stdin);
  const answer = await Promise.race([callback.answer, line.answer]);
  await client.request('POST', `${pathOf(server)}/${encodeURIComponent(begun.id)}`, { answer });
}

async function byDevice(client: ApiClient, server: string): Promise<void> {
  const begun = await begin(client, server, {});
  remark('On any device, open this address and enter the code:');
  print(`${begun.url}  ${begun.userCode ?? ''}`);
  if (begun.completeUrl !== undefined) remark(`Or open ${begun.completeUrl}`);
  let afterMs = begun.intervalMs ?? 5_000;
  for (;;) {
    await wait(afterMs);
    const response = await client.request('POST', `${pathOf(server)}/${encodeURIComponent(begun.id)}`, {});
    const answer = (await response.json()) as { readonly state: string; readonly afterMs?: number };
    if (answer.state !== 'pending') return;
    afterMs = answer.afterMs ?? afterMs;
  }
}

async function begin(client: ApiClient, server: string, body: object): Promise<Begun> {
  return (await (await client.request('POST', pathOf(server), body)).json()) as Begun;
}

function pathOf(server: string): string {
  const label = server.startsWith('mcp/') ? server.slice('mcp/'.length) : server;
  return `/api/v1/mcp/servers/${encodeURIComponent(label)}/login`;
}
