import type { Grant } from '@latchkey/auth-core/llm';
import { CommandError } from '../command-error.ts';
import { type ConnectionFlags, connect } from '../connection.ts';
import { readGrant } from '../read-grant.ts';
import { withTokenAdministration } from '../token/administer-tokens.ts';
import { readEnd } from '../token/token-options.ts';
import type { Agent, AgentTarget } from './agent.ts';
import { AGENTS } from './agents.ts';

/** The flags that say what an agent's token may do. */
export interface AgentFlags extends ConnectionFlags {
  readonly model?: string;
  readonly grant?: string;
  readonly expires: string;
  readonly tokensPerDay?: string;
}

/** Where an agent is pointed, and what its token will be allowed. */
export interface AgentPlan {
  readonly agent: Agent;
  readonly target: Omit<AgentTarget, 'token'>;
  readonly grant: Grant;
  readonly expiresAt: string;
}

/** The agent of this name. Throws CommandError with all names. */
export function findAgent(name: string): Agent {
  const agent = AGENTS.find((one) => one.name === name);
  if (agent !== undefined) return agent;
  throw new CommandError(`There is no agent '${name}'. There are: ${AGENTS.map((one) => one.name).join(', ')}.`);
}

/** Looks for the server and the model, and makes nothing yet. Throws CommandError. */
export async function planAgent(agent: Agent, flags: AgentFlags): Promise<AgentPlan> {
  const api = connect(flags, process.env);
  const { data } = (await (await api.request('GET', '/v1/models')).json()) as { readonly data: readonly Listed[] };
  const { id: model, context_length: context = 0 } = choose(data, flags.model);
  const grant: Grant =
    flags.grant === undefined
      ? { actions: [...agent.actions], models: [model], ...limitsOf(flags.tokensPerDay) }
      : readGrant(flags.grant);
  return { agent, target: { url: api.url, model, context }, grant, expiresAt: readEnd(flags.expires, new Date()) };
}

/** Makes the token of an agent: narrower than the one that it is made with, and revoked by name. */
export async function mintToken(
  { agent, grant, expiresAt }: AgentPlan,
  flags: AgentFlags,
): Promise<{ readonly id: string; readonly token: string }> {
  return withTokenAdministration(flags, process.env, (tokens) =>
    tokens.create({ name: tokenNameOf(agent), kind: 'api-key', grant, expiresAt }),
  );
}

/** Revokes what was made for an agent. Returns how many tokens that were. */
export async function revokeTokens(agent: Agent, flags: ConnectionFlags): Promise<number> {
  return withTokenAdministration(flags, process.env, async (tokens) => {
    const made = await tokens.list({});
    const mine = made.filter(({ name, revokedAt }) => name === tokenNameOf(agent) && revokedAt === undefined);
    for (const { id } of mine) await tokens.revoke(id);
    return mine.length;
  });
}

/** The name of the tokens of an agent, by which they are found again. */
export const tokenNameOf = ({ name }: Agent): string => `agent: ${name}`;

interface Listed {
  readonly id: string;
  readonly type?: string;
  readonly context_length?: number;
}

/** The model that was named, or the only one that chats. */
function choose(listed: readonly Listed[], name: string | undefined): Listed {
  const chatting = listed.filter(({ type }) => type !== 'embedding');
  const [first, ...others] = name === undefined ? chatting : listed.filter(({ id }) => id === name);
  const names = chatting.map(({ id }) => id).join(', ') || 'none';
  if (first === undefined) throw new CommandError(`There is no such model for your token. There are: ${names}.`);
  if (others.length > 0) throw new CommandError(`Say with --model which one: ${names}.`);
  return first;
}

function limitsOf(tokensPerDay: string | undefined): Pick<Grant, 'limits'> {
  if (tokensPerDay === undefined) return {};
  if (/^\d{1,15}$/.test(tokensPerDay)) return { limits: { tokensPerDay: Number(tokensPerDay) } };
  throw new CommandError(`--tokens-per-day: '${tokensPerDay}' is not a whole number.`);
}
