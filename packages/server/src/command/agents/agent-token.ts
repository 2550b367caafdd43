import { CommandError } from '../command-error.ts';
import type { TokenAdministration } from '../token/token-administration.ts';
import { type AgentPlan, tokenNameOf } from './prepare-agent.ts';

/** Gives access to the administration of tokens for one act. */
export type Administer = <T>(act: (tokens: AgentTokens) => Promise<T>) => Promise<T>;
type AgentTokens = Pick<TokenAdministration, 'create' | 'edit' | 'revoke'>;

/** How long the token works after its last renewal: as long as it outlives a process that was killed. */
const LEASE_MILLISECONDS = 30 * 60_000;
const RENEWAL_MILLISECONDS = 10 * 60_000;
/** How long an act may take. The lease ends a token that could not be revoked, or that was made after that. */
const ACT_MILLISECONDS = 20_000;

/**
 * The token of an agent that runs. It is renewed while this process lives, so that no token works for long after a
 * process that was killed and could not revoke it.
 */
export class AgentToken {
  readonly id: string;
  readonly text: string;
  readonly #administer: Administer;
  readonly #last: string;
  readonly #renewal: NodeJS.Timeout;
  #ended: Promise<unknown> | undefined;

  /** Makes the token. */
  static async make({ agent, grant, expiresAt }: AgentPlan, administer: Administer): Promise<AgentToken> {
    const input = { name: tokenNameOf(agent), kind: 'api-key', grant, expiresAt: endOfLease(expiresAt) } as const;
    const made = await inTime(administer((tokens) => tokens.create(input)));
    return new AgentToken(made, expiresAt, administer);
  }

  private constructor({ id, token }: { id: string; token: string }, last: string, administer: Administer) {
    this.id = id;
    this.text = token;
    this.#last = last;
    this.#administer = administer;
    this.#renewal = setInterval(() => void this.#renew(), RENEWAL_MILLISECONDS);
    this.#renewal.unref();
  }

  /** Revokes the token, once. Rejects when the server did not do it in time. */
  end(): Promise<unknown> {
    clearInterval(this.#renewal);
    this.#ended ??= inTime(this.#administer((tokens) => tokens.revoke(this.id)));
    return this.#ended;
  }

  /** A server that is away is asked again the next time, before the lease has ended. */
  async #renew(): Promise<void> {
    await this.#administer((tokens) => tokens.edit(this.id, { expiresAt: endOfLease(this.#last) })).catch(() => {});
  }
}

/** The end of a lease that begins now, which is not beyond the last end. */
function endOfLease(last: string): string {
  const end = Date.now() + LEASE_MILLISECONDS;
  return end < Date.parse(last) ? new Date(end).toISOString() : last;
}

async function inTime<T>(act: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new CommandError('The server did not answer in time.', { ending: 'unreachable' })),
    ACT_MILLISECONDS,
  );
  return Promise.race([act, promise]).finally(() => clearTimeout(timer));
}
