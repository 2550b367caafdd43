import { type AuditSink, type Clock, createSealer, TokenNotFoundError } from '@latchkey/auth-core';
import type { Auth, Grant } from '@latchkey/auth-core/llm';
import { reachStore } from '../contracts/reach-store.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { Account, AccountStore } from './account-store.ts';
import { type GroupGrant, grantOf, type Person } from './person.ts';

const DAY_MILLISECONDS = 86_400_000;

export interface AccountsOptions {
  readonly auth: Pick<Auth, 'issue' | 'edit' | 'revoke' | 'operator'>;
  readonly store: AccountStore;
  /** The secrets of the installation, the present one first. */
  readonly secrets: readonly [Uint8Array, ...Uint8Array[]];
  readonly clock: Clock;
  readonly audit: AuditSink;
  /** What the members of each group may do, in the order in which they are looked through. */
  readonly grants: readonly GroupGrant<Grant>[];
  /** How long the token of a person works after the last sign-in. */
  readonly tokenDays: number;
  /** Whether one of the tokens with these ids has ended. */
  readonly hasEnded: (chain: readonly string[]) => Promise<boolean>;
}

/**
 * The accounts of persons who sign in at a provider of OpenID Connect. Each has one token, which the person never sees:
 * sessions of the console act with it, and what the person makes is derived from it. At each sign-in it gets the grant
 * of the person's groups and a new end, and when no group fits any more it is revoked, with all that was derived from it.
 */
export interface Accounts {
  /**
   * The token of a person; undefined when no entry of the configuration fits.
   *
   * @throws {AuthError} as `Auth.issue` and `Auth.edit` do
   * @throws {ServerError} `STORE_UNAVAILABLE`
   */
  tokenOf(person: Person): Promise<string | undefined>;
  /** Forgets the accounts whose tokens have ended. */
  sweep(): Promise<void>;
}

const purposeOf = ({ issuer, subject }: Pick<Account, 'issuer' | 'subject'>): string =>
  `openid account ${JSON.stringify([issuer, subject])}`;

export function createAccounts(options: AccountsOptions): Accounts {
  const { auth, store, clock, audit, grants } = options;
  const sealer = createSealer(options.secrets);
  const find = (person: Person) => reachStore(() => store.find(person.issuer, person.subject));

  /** The token of an account; undefined when it was revoked or has expired, and when its secret is not there any more. */
  async function openToken(account: Account): Promise<string | undefined> {
    if (await options.hasEnded([account.tokenId])) return undefined;
    return sealer.open(purposeOf(account), account.sealed).catch(() => undefined);
  }

  async function end({ tokenId }: Pick<Account, 'tokenId'>): Promise<void> {
    try {
      await auth.revoke(tokenId, auth.operator());
    } catch (error) {
      if (!(error instanceof TokenNotFoundError)) throw error;
    }
  }

  /** Undefined when another request has made one meanwhile. */
  async function make(person: Person, grant: Grant, present: string | undefined): Promise<string | undefined> {
    const { issuer, subject, owner } = person;
    const { token, record } = await auth.issue(
      { name: `Signed in: ${owner}`.slice(0, 100).trimEnd(), owner, grant, expiresAt: endOfNow() },
      auth.operator(),
    );
    try {
      const sealed = await sealer.seal(purposeOf(person), token);
      const account = { issuer, subject, tokenId: record.id, sealed, createdAt: clock().toISOString() };
      if (await reachStore(() => store.put(account, present))) return token;
    } catch (error) {
      await end({ tokenId: record.id });
      throw error;
    }
    await end({ tokenId: record.id });
    return undefined;
  }

  const endOfNow = (): string => new Date(clock().getTime() + options.tokenDays * DAY_MILLISECONDS).toISOString();

  /** Gives the token of an account what the person may do now. */
  async function renew({ tokenId }: Account, grant: Grant): Promise<void> {
    await auth.edit(tokenId, { grant, expiresAt: endOfNow() }, auth.operator());
  }

  return {
    async tokenOf(person) {
      const account = await find(person);
      const grant = grantOf(grants, person);
      if (grant === undefined) {
        if (account !== undefined) {
          await end(account);
          await reachStore(() => store.remove(account));
        }
        await audit({
          type: 'openid.refused',
          actor: { owner: person.owner },
          details: { why: 'no entry of openid.grants fits' },
        });
        return undefined;
      }
      const token = account && (await openToken(account));
      if (account !== undefined && token !== undefined) {
        await renew(account, grant);
        return token;
      }
      const made = await make(person, grant, account?.tokenId);
      if (made !== undefined) return made;
      const other = await find(person);
      const others = other && (await openToken(other));
      if (others === undefined) throw new ServerError('STORE_UNAVAILABLE', BUSY);
      return others;
    },
    async sweep() {
      for (const account of await store.all()) {
        if (await options.hasEnded([account.tokenId])) await store.remove(account);
      }
    },
  };
}

const BUSY = 'Another sign-in of the same person was under way. Try again.';
