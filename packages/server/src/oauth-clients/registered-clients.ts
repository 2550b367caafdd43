import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { type OAuthClient, readClientMetadata } from './client-metadata.ts';
import { OAuthError } from './oauth-error.ts';

/** The ids of clients that registered themselves begin with this. */
const PREFIX = 'lkc_';
const MOST_REDIRECTS = 4;
/** An id stands in URLs. */
const MOST_CHARACTERS = 1800;

/** A registration, to be answered with RFC 7591 section 3.2.1. */
export interface Registration {
  readonly clientId: string;
  readonly client: Pick<OAuthClient, 'name' | 'redirectUris'>;
}

/**
 * Clients that register themselves (RFC 7591). Nothing is kept of them: the id is what they said, with a code that only
 * this installation can make. So there is no table to fill, and no registration of others to push out.
 */
export interface RegisteredClients {
  /** @throws {OAuthError} `invalid_redirect_uri`, `invalid_client_metadata` */
  register(metadata: Readonly<Record<string, unknown>>): Registration;
  /** Undefined for an id that was not made here. */
  find(clientId: string): OAuthClient | undefined;
}

/** @param secrets the secrets of the installation, the present one first */
export function createRegisteredClients(secrets: readonly [Uint8Array, ...Uint8Array[]]): RegisteredClients {
  const keys = secrets.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', 'latchkey oauth clients', 32)));
  const codeOf = (key: Buffer, text: string): string => createHmac('sha256', key).update(text).digest('base64url');

  return {
    register(metadata) {
      const client = readClientMetadata(metadata, MOST_REDIRECTS);
      const text = Buffer.from(JSON.stringify([client.name, client.redirectUris])).toString('base64url');
      const clientId = `${PREFIX}${text}.${codeOf(keys[0] as Buffer, text)}`;
      if (clientId.length > MOST_CHARACTERS) {
        throw new OAuthError('invalid_client_metadata', 'client_name and redirect_uris are too long together.');
      }
      return { clientId, client };
    },
    find(clientId) {
      if (clientId.length > MOST_CHARACTERS || !clientId.startsWith(PREFIX)) return undefined;
      const [text = '', code = '', ...others] = clientId.slice(PREFIX.length).split('.');
      if (others.length > 0 || !keys.some((key) => isSame(codeOf(key, text), code))) return undefined;
      const [name, redirectUris] = JSON.parse(Buffer.from(text, 'base64url').toString()) as [string, string[]];
      return { id: clientId, name, redirectUris };
    },
  };
}

function isSame(one: string, other: string): boolean {
  const [first, second] = [Buffer.from(one), Buffer.from(other)];
  return first.length === second.length && timingSafeEqual(first, second);
}
