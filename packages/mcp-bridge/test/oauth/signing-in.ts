import { onTestFinished } from 'vitest';
import {
  createMcpHost,
  createMemoryLoginStore,
  type LoginCaller,
  type LostLogin,
  type McpHost,
  McpLogins,
  type McpLoginsOptions,
  parseMcpJson,
  resolveBySystem,
} from '../../src/index.ts';
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  type ProtectedServer,
  startAuthorizationServer,
  startProtectedServer,
} from '../../src/testing/index.ts';
import { noSignal } from '../hosting.ts';
import { addingServer } from '../remote-server.ts';

export const redirectUri = 'http://127.0.0.1:7777/callback';
export const mara: LoginCaller = { account: 'mara', madeBy: 'token-of-mara' };

type ProtectedOptions = Omit<Parameters<typeof startProtectedServer>[0], 'handle' | 'authorization'>;

export interface Scene {
  readonly authorization: AuthorizationServer;
  readonly server: ProtectedServer;
  readonly host: McpHost;
  readonly logins: McpLogins;
  readonly lost: LostLogin[];
  readonly store: McpLoginsOptions['store'];
  /** Moves the clock, in seconds. */
  later(seconds: number): void;
  begin(caller?: LoginCaller): ReturnType<McpLogins['begin']>;
  /** Signs in as a browser would. */
  signIn(caller?: LoginCaller): Promise<void>;
  finish(id: string, answer: string | undefined, caller?: LoginCaller): Promise<void>;
}

export interface SceneOptions {
  readonly authorization?: AuthorizationServerOptions;
  readonly resource?: ProtectedOptions;
  /** `oauth` of the entry. */
  readonly oauth?: unknown;
  readonly logins?: Partial<McpLoginsOptions>;
}

/** An authorization server, a protected MCP server, and a host that may sign in to it. */
export async function newScene(options: SceneOptions = {}): Promise<Scene> {
  const authorization = await startAuthorizationServer(options.authorization);
  const server = await startProtectedServer({ ...options.resource, authorization, handle: addingServer() });
  const lost: LostLogin[] = [];
  let now = Date.parse('2026-11-29T12:00:00Z');
  const store = createMemoryLoginStore();
  const logins = new McpLogins({
    store,
    clientName: 'Latchkey',
    fetch: (url, init) => globalThis.fetch(url, init),
    resolve: resolveBySystem,
    logger: silent,
    clock: () => new Date(now),
    hint: (label) => `latchkey mcp login ${label}`,
    onLost: async (one) => void lost.push(one),
    ...options.logins,
  });
  const entry = { url: server.url, ...(options.oauth === undefined ? {} : { oauth: options.oauth }) };
  const config = parseMcpJson(JSON.stringify({ mcpServers: { sums: entry } }), {});
  const host = createMcpHost({ config, logins });
  onTestFinished(async () => {
    await host[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await authorization[Symbol.asyncDispose]();
  });
  const finish = (id: string, answer: string | undefined, caller = mara) =>
    logins.finish(host.entry('mcp/sums'), id, caller, answer, noSignal());
  const begin = (caller = mara) => logins.begin(host.entry('mcp/sums'), caller, redirectUri, noSignal());
  return {
    authorization,
    server,
    host,
    logins,
    lost,
    store,
    later: (seconds) => {
      now += seconds * 1000;
    },
    begin,
    finish,
    async signIn(caller = mara) {
      const begun = await begin(caller);
      await finish(begun.id, await visit(begun.url), caller);
    },
  };
}

/** Opens a URL as a browser does, and returns where it is sent to. */
export async function visit(url: string): Promise<string> {
  const response = await fetch(url, { redirect: 'manual' });
  return response.headers.get('location') ?? `HTTP ${response.status}`;
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };
