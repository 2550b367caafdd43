import type { AuditEvent, Principal } from '@latchkey/auth-core';
import {
  accountOf,
  type BegunLogin,
  BridgeError,
  LoginError,
  loginOf,
  type McpHost,
  type McpLogins,
  type McpServerEntry,
  pluginId,
  SHARED_ACCOUNT,
} from '@latchkey/mcp-bridge';
import { toActor } from '../audit/audited-request.ts';
import { recordActs } from '../audit/record-acts.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { McpSwitches } from './mcp-switches.ts';
import type { Decide } from './permission-gate.ts';

/** How a server is signed in to, as its caller sees it. */
export interface LoginState {
  /** The plugin id. */
  readonly id: string;
  /** Whose account is used. */
  readonly account: 'user' | 'shared';
  readonly grant: 'login' | 'client_credentials' | 'token_exchange';
  readonly signedIn: boolean;
  /** Where the redirect of a registered client must arrive; null for any place on the caller's machine. */
  readonly callbackHost: string | null;
  readonly callbackPort: number | null;
}

export interface LoginCallerOptions {
  readonly principal: Principal;
  readonly decide: Decide;
  readonly signal: AbortSignal;
}

export interface ServerLoginsOptions {
  readonly host: Pick<McpHost, 'entry'>;
  readonly logins: McpLogins;
  readonly switches: () => Pick<McpSwitches, 'allowMcpJson'>;
  readonly record: (event: AuditEvent) => Promise<unknown>;
}

/** Logins at MCP servers, under grants. */
export interface ServerLogins {
  state(label: string, caller: LoginCallerOptions): Promise<LoginState>;
  begin(label: string, redirectUri: string | undefined, caller: LoginCallerOptions): Promise<BegunLogin>;
  /** Returns how long to wait before the next try, in milliseconds; undefined when the login is there. */
  finish(
    label: string,
    attempt: { readonly id: string; readonly answer: string | undefined },
    caller: LoginCallerOptions,
  ): Promise<number | undefined>;
  logout(label: string, caller: LoginCallerOptions): Promise<boolean>;
  /** The state of a login for a list of servers; null for a server that is not signed in to. */
  listed(
    id: string,
    owner: string,
  ): Promise<(Pick<LoginState, 'account' | 'signedIn'> & { readonly wanted: boolean }) | null>;
}

/**
 * Signs callers in to MCP servers: each to its own account, if its grants let it use the server, or to the shared one,
 * with `mcp:write`. A derived token does neither: with one, another account could be put in the place
 * of its owner's. Throws ServerError `PERMISSION_DENIED`, `PLUGIN_NOT_FOUND`, `PLUGIN_UNAVAILABLE`, `INVALID_REQUEST`.
 */
export function createServerLogins({ host, logins, switches, record }: ServerLoginsOptions): ServerLogins {
  function find(label: string, { principal, decide }: LoginCallerOptions) {
    const server = pluginId(label);
    const may = (action: 'chat' | 'mcp:write'): boolean => decide({ action, mcp: { server } }, []).allowed;
    if (!switches().allowMcpJson) throw denied('the setting allowMcpJson of this server is off.');
    if (principal.id !== principal.rootId || principal.kind === 'anonymous') {
      throw denied('only a token of its own can do that, and none that was derived from another.');
    }
    // Asked first, so that the answer does not show which servers there are.
    if (!may('chat') && !may('mcp:write')) throw denied(`no grant of this token names '${printed(label)}'.`);
    const entry = entryOf(label);
    const account = accountOf(entry, principal.owner) ?? principal.owner;
    if (account === SHARED_ACCOUNT ? !may('mcp:write') : !may('chat')) {
      throw denied(
        account === SHARED_ACCOUNT ? 'its login is shared, which needs mcp:write.' : 'no grant lets this token use it.',
      );
    }
    return { entry, caller: { account, madeBy: principal.rootId } };
  }

  function entryOf(label: string): McpServerEntry {
    try {
      return host.entry(pluginId(label));
    } catch (cause) {
      if (!(cause instanceof BridgeError)) throw cause;
      throw new ServerError('PLUGIN_NOT_FOUND', `There is no MCP server '${printed(label)}' in mcp.json.`, { cause });
    }
  }

  const event = (type: string, entry: McpServerEntry, account: string, principal: Principal): AuditEvent => ({
    type,
    actor: toActor(principal),
    subject: entry.id,
    details: { account: account === SHARED_ACCOUNT ? 'shared' : 'user' },
  });

  return {
    async state(label, options) {
      const { entry, caller } = find(label, options);
      const of = loginOf(entry);
      if (of === undefined) throw inWords(label, new LoginError('invalid', 'it is not signed in to'));
      const { account, grant, callbackHost = null, callbackPort = null } = of.settings;
      const signedIn = await logins.has(entry, caller.account);
      return { id: entry.id, account, grant, signedIn, callbackHost, callbackPort };
    },

    async begin(label, redirectUri, options) {
      const { entry, caller } = find(label, options);
      return logins.begin(entry, caller, redirectUri, options.signal).catch((error: unknown) => {
        throw inWords(label, error);
      });
    },

    async finish(label, { id, answer }, options) {
      const { entry, caller } = find(label, options);
      try {
        await logins.finish(entry, id, caller, answer, options.signal);
      } catch (error) {
        if (error instanceof LoginError && error.code === 'pending') return error.afterMs ?? 5_000;
        throw inWords(label, error);
      }
      try {
        await record(event('mcp.signed_in', entry, caller.account, options.principal));
      } catch (error) {
        // What the log does not have has not happened.
        await logins.logout(entry, caller.account, options.signal);
        throw error;
      }
      return undefined;
    },

    async logout(label, options) {
      const { entry, caller } = find(label, options);
      let wasThere = false;
      const entries = [event('mcp.signed_out', entry, caller.account, options.principal)];
      await recordActs(
        async (one) => void (await record(one)),
        entries,
        async () => {
          wasThere = await logins.logout(entry, caller.account, options.signal);
        },
      );
      return wasThere;
    },

    async listed(id, owner) {
      const entry = host.entry(id);
      const of = loginOf(entry);
      if (of === undefined) return null;
      const { account, grant } = of.settings;
      const signedIn = await logins.has(entry, account === 'shared' ? SHARED_ACCOUNT : owner);
      if (!of.isDeclared && !signedIn) return null;
      return { account, signedIn, wanted: grant === 'login' && !signedIn };
    },
  };
}

function inWords(label: string, error: unknown): unknown {
  if (!(error instanceof LoginError)) return error;
  const message = `The MCP server '${printed(label)}' cannot be signed in to: ${error.message}.`;
  const code = error.code === 'invalid' ? 'INVALID_REQUEST' : 'PLUGIN_UNAVAILABLE';
  return new ServerError(code, message, { cause: error });
}

const denied = (why: string): ServerError =>
  new ServerError('PERMISSION_DENIED', `Permission denied to sign in to the MCP server or out of it: ${why}`);

const printed = (label: string): string => label.slice(0, 128);
