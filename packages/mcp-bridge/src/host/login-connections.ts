import type { McpServerEntry } from '../config/mcp-config.ts';
import { loginOf } from '../oauth/login-of.ts';
import type { McpLogins } from '../oauth/logins.ts';
import type { ServerConnection } from './connection.ts';

export interface LoginConnectionsOptions {
  readonly logins: McpLogins;
  /** Makes the connection of one account. */
  readonly connect: (entry: McpServerEntry, account: string) => ServerConnection;
  /** Closes a connection as soon as no toolset uses it. */
  readonly retire: (connection: ServerConnection) => void;
}

/** How many connections of persons are kept; of those that do not run, the oldest goes first. */
const mostConnections = 256;

/**
 * The connections of persons who have signed in to a server. Each has a session of its own there: what one person sees
 * and does is never another's.
 */
export class LoginConnections {
  readonly #options: LoginConnectionsOptions;
  readonly #connections = new Map<string, ServerConnection>();

  constructor(options: LoginConnectionsOptions) {
    this.#options = options;
    options.logins.onChange((server, account) => this.#drop(keyOf(server, account)));
  }

  /** The connection that an owner uses: its own where it has a login, otherwise the common one. */
  async choose(common: ServerConnection, owner: string | undefined): Promise<ServerConnection> {
    const { entry } = common;
    const of = loginOf(entry);
    if (owner === undefined || of === undefined || of.settings.account === 'shared') return common;
    const isUnattended = of.settings.grant !== 'login';
    if (!isUnattended && !(await this.#options.logins.has(entry, owner))) return common;
    const key = keyOf(entry.id, owner);
    const known = this.#connections.get(key);
    if (known?.entry === entry) return known;
    this.#drop(key);
    const made = this.#options.connect(entry, owner);
    this.#connections.set(key, made);
    this.#trim();
    return made;
  }

  /** The connection of an owner that was chosen before. */
  known(entry: McpServerEntry, owner: string | undefined): ServerConnection | undefined {
    const known = owner === undefined ? undefined : this.#connections.get(keyOf(entry.id, owner));
    return known?.entry === entry ? known : undefined;
  }

  /** Ends the connections whose entries are no longer in the mcp.json as they were. */
  keep(entries: ReadonlySet<McpServerEntry>): void {
    for (const [key, { entry }] of this.#connections) if (!entries.has(entry)) this.#drop(key);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#connections.values()].map((connection) => connection.close()));
  }

  #drop(key: string): void {
    const connection = this.#connections.get(key);
    if (connection === undefined) return;
    this.#connections.delete(key);
    this.#options.retire(connection);
  }

  #trim(): void {
    for (const [key, connection] of this.#connections) {
      if (this.#connections.size <= mostConnections) return;
      if (connection.status().state !== 'ready') this.#drop(key);
    }
  }
}

const keyOf = (server: string, account: string): string => JSON.stringify([server, account]);
