import { call } from './call.ts';

const PATH = '/api/v1/oauth/authorization';

/** A tool that a client could be let use, and what limits it for the token that is signed in. */
export interface OfferedTool {
  readonly name: string;
  readonly description: string | null;
  readonly approval: boolean;
  readonly conditions: readonly { readonly argument: string; readonly rule: unknown }[];
  readonly limits: readonly { readonly callsPerMinute?: number; readonly callsPerDay?: number }[];
}

export interface OfferedServer {
  readonly id: string;
  readonly label: string;
  /** Null while they cannot be listed. */
  readonly tools: readonly OfferedTool[] | null;
}

/** What a client of `/mcp` asks for. */
export interface Authorization {
  readonly client: { readonly id: string; readonly name: string; readonly host: string | null };
  readonly redirect: { readonly kind: 'website' | 'loopback' | 'app'; readonly place: string };
  readonly token: { readonly name: string; readonly owner: string; readonly expiresAt: string | null };
  readonly servers: readonly OfferedServer[];
}

/** What a person lets a client use: names of tools, or `*`, by server. */
export type Chosen = readonly { readonly id: string; readonly tools: readonly string[] }[];

/** Reads what a client asks for; the query is the one with which it has sent the person here. */
export const readAuthorization = (query: string): Promise<Authorization> => call('GET', `${PATH}${query}`);

/** Decides, and returns the URL at which the client waits for the answer. */
export async function answerAuthorization(
  query: string,
  answer: { readonly allow: false } | { readonly allow: true; readonly servers: Chosen; readonly days: number },
): Promise<string> {
  const request = Object.fromEntries(new URLSearchParams(query));
  const { redirect } = await call<{ readonly redirect: string }>('POST', PATH, { body: { request, ...answer } });
  return redirect;
}
