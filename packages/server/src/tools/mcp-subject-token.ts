import { randomUUID } from 'node:crypto';
import type { SigningKeys } from '@latchkey/auth-core/jwt';
import { LoginError, type McpLoginsOptions, SHARED_ACCOUNT } from '@latchkey/mcp-bridge';
import { SignJWT } from 'jose';

/** Long enough for one exchange. */
const SECONDS = 60;

/**
 * Says to an authorization server on whose behalf it is asked: a JWT (RFC 7523) that the server's published keys verify,
 * for that authorization server only. Its type is not that of an access token, so that it opens nothing here.
 *
 * @param issuer the public URL of this server; without one, no other server can verify anything
 */
export function createSubjectTokens(
  keys: Pick<SigningKeys, 'signer'>,
  issuer: string | undefined,
  clock: () => Date,
): NonNullable<McpLoginsOptions['subjectToken']> {
  return async (account, audience) => {
    if (issuer === undefined) {
      throw new LoginError('refused', 'this server has no publicUrl, so that its tokens cannot be verified elsewhere');
    }
    const { kid, algorithm, privateKey } = await keys.signer();
    const now = Math.floor(clock().getTime() / 1000);
    const token = await new SignJWT({
      iss: issuer,
      sub: account === SHARED_ACCOUNT ? issuer : account,
      aud: audience,
      jti: randomUUID(),
    })
      .setProtectedHeader({ alg: algorithm, kid, typ: 'subject+jwt' })
      .setIssuedAt(now)
      .setExpirationTime(now + SECONDS)
      .sign(privateKey);
    return { token, type: 'urn:ietf:params:oauth:token-type:jwt' };
  };
}
