import { once } from 'node:events';
import Provider from 'oidc-provider';
import { findFreePort } from './free-port.ts';

/** A provider of OpenID Connect with accounts that a test names. */
export interface AccountProvider extends AsyncDisposable {
  readonly issuer: string;
  readonly clientSecret: string;
  /** Account → the groups that it is in; read at each sign-in. */
  readonly groups: Record<string, readonly string[]>;
}

export const ACCOUNT_CLIENT = 'latchkey';

/** Starts a real one (`oidc-provider`), whose only client comes back to `redirectUri`. Each password is right. */
export async function startAccountProvider(redirectUri: string): Promise<AccountProvider> {
  const clientSecret = 'the secret of a client of these tests';
  const groups: Record<string, readonly string[]> = {};
  const port = await findFreePort();
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: ACCOUNT_CLIENT, client_secret: clientSecret, redirect_uris: [redirectUri] }],
    cookies: { keys: ['a key for the cookies of a test'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
    scopes: ['openid', 'email', 'groups'],
    findAccount: (_context: unknown, accountId: string) => ({
      accountId,
      claims: () => ({
        sub: accountId,
        email: `${accountId}@example.com`,
        email_verified: true,
        groups: groups[accountId] ?? [],
      }),
    }),
  });
  const server = provider.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    issuer,
    clientSecret,
    groups,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
