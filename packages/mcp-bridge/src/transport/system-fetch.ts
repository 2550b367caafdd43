import type { Environment } from '../config/interpolate.ts';
import type { Fetch } from './guarded-fetch.ts';

/** This machine is never reached by way of a proxy. */
const thisMachine = 'localhost,*.localhost,127.0.0.1,[::1]';

/**
 * The platform's `fetch`, by way of the proxy that the environment names (`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`,
 * `NO_PROXY`, in capitals or small letters), as other programs of the machine do. Node itself looks at these only with
 * `NODE_USE_ENV_PROXY`.
 *
 * For servers that the operator chose: a proxy resolves names itself, so addresses cannot be judged here.
 *
 * @example
 * ```ts
 * import { createMcpHost, loadMcpJson, systemFetch } from '@latchkey/mcp-bridge';
 *
 * const config = await loadMcpJson('./mcp.json', process.env);
 * await using host = createMcpHost({ config, fetch: systemFetch(process.env) });
 * ```
 */
export function systemFetch(environment: Environment): Fetch {
  const read = (name: string): string | undefined => environment[name.toLowerCase()] || environment[name] || undefined;
  const all = read('ALL_PROXY');
  const [httpProxy, httpsProxy] = [read('HTTP_PROXY') ?? all, read('HTTPS_PROXY') ?? all];
  if (httpProxy === undefined && httpsProxy === undefined) return (url, init) => globalThis.fetch(url, init);
  let proxied: Promise<Fetch> | undefined;
  const open = async (): Promise<Fetch> => {
    const { EnvHttpProxyAgent, fetch } = await import('undici');
    const noProxy = [read('NO_PROXY'), thisMachine].filter((hosts) => hosts !== undefined).join(',');
    const dispatcher = new EnvHttpProxyAgent({
      noProxy,
      ...(httpProxy === undefined ? {} : { httpProxy }),
      ...(httpsProxy === undefined ? {} : { httpsProxy }),
    });
    return (url, init) => fetch(url, { ...init, dispatcher } as never) as unknown as Promise<Response>;
  };
  return async (url, init) => {
    proxied ??= open();
    return (await proxied)(url, init);
  };
}
