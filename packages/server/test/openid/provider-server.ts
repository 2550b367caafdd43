import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { onTestFinished } from 'vitest';

/** What a provider of these tests says of the person, and what it does wrong. */
export interface ProviderConduct {
  /** Claims of the ID token; they take the place of right ones. */
  readonly claims?: JWTPayload;
  readonly userinfo?: Readonly<Record<string, unknown>>;
  /** Signs with a key that it does not publish. */
  readonly foreignKey?: boolean;
  /** The header of the ID token. */
  readonly algorithm?: 'RS256' | 'none';
  /** Blanks after the answer of the token endpoint. */
  readonly blanks?: number;
  /** In place of the answer of the token endpoint. */
  readonly answer?: (response: ServerResponse) => void;
  /** The issuer that its metadata names. */
  readonly metadataIssuer?: string;
}

export interface TestProvider {
  readonly issuer: string;
  /** What it does from now on. */
  conduct: ProviderConduct;
  /** The forms that its token endpoint has got. */
  readonly forms: URLSearchParams[];
  readonly authorizations: (string | undefined)[];
  /** The query that it sends a browser back with, which came with this URL. */
  answer(url: string): string;
}

/** A provider of OpenID Connect that does what a test says. What it does not say is done as the standard has it. */
export async function newProvider(): Promise<TestProvider> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const { privateKey: foreign } = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
  const nonces = new Map<string, { readonly nonce: string; readonly challenge: string }>();
  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const provider: TestProvider = {
    issuer,
    conduct: {},
    forms: [],
    authorizations: [],
    answer(url) {
      const asked = new URL(url).searchParams;
      const code = crypto.randomUUID();
      nonces.set(code, { nonce: asked.get('nonce') ?? '', challenge: asked.get('code_challenge') ?? '' });
      return new URLSearchParams({ code, state: asked.get('state') ?? '', iss: issuer }).toString();
    },
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const json = (value: unknown, status = 200, blanks = 0): void => {
      const text = JSON.stringify(value) + ' '.repeat(blanks);
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(text);
    };
    const { conduct } = provider;
    switch (request.url?.split('?')[0]) {
      case '/.well-known/openid-configuration':
        return json({
          issuer: conduct.metadataIssuer ?? issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          userinfo_endpoint: `${issuer}/userinfo`,
          jwks_uri: `${issuer}/jwks`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
          authorization_response_iss_parameter_supported: true,
        });
      case '/jwks':
        return json({ keys: [jwk] });
      case '/userinfo':
        return json({ sub: 'mara-1', ...conduct.userinfo });
      case '/token': {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const form = new URLSearchParams(Buffer.concat(chunks).toString());
        provider.forms.push(form);
        provider.authorizations.push(request.headers.authorization);
        if (conduct.answer !== undefined) return conduct.answer(response);
        const code = nonces.get(form.get('code') ?? '');
        nonces.delete(form.get('code') ?? '');
        if (code === undefined) return json({ error: 'invalid_grant' }, 400);
        const now = Math.floor(Date.now() / 1000);
        const claims = { iss: issuer, sub: 'mara-1', aud: 'latchkey', iat: now, exp: now + 300, nonce: code.nonce };
        const idToken = await sign({ ...claims, ...conduct.claims }, conduct);
        const tokens = { access_token: 'an access token', token_type: 'Bearer', expires_in: 300, id_token: idToken };
        return json(tokens, 200, conduct.blanks);
      }
      default:
        return json({}, 404);
    }
  }

  async function sign(claims: JWTPayload, { foreignKey, algorithm = 'RS256' }: ProviderConduct): Promise<string> {
    if (algorithm === 'none') {
      const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
      return `${part({ alg: 'none' })}.${part(claims)}.`;
    }
    const given = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
    return new SignJWT(given).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(foreignKey ? foreign : privateKey);
  }

  return provider;
}
