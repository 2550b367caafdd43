import { createPrivateKey, createPublicKey, hkdfSync, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { serverProofMessage } from '@latchkey/client';

/** Proves to a caller, before it sends its token, that it is connected to the intended server. */
export interface ServerIdentity {
  /** An Ed25519 public key, in base64url; the same for all servers that share the secret. */
  readonly key: string;
  prove(nonce: string, host: string): ServerProof;
}

export interface ServerProof {
  readonly key: string;
  readonly signature: string;
}

/** The header of an Ed25519 seed in PKCS #8 (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Derives the identity of a server from the secret of its installation. It reveals nothing of the secret. */
export function createServerIdentity(secret: Uint8Array): ServerIdentity {
  const seed = Buffer.from(hkdfSync('sha256', secret, '', 'latchkey server identity', 32));
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  const { x: key = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return {
    key,
    prove: (nonce, host) => ({
      key,
      signature: sign(null, serverProofMessage(nonce, host), privateKey).toString('base64url'),
    }),
  };
}

/** The local end of a connection. */
export interface LocalEnd {
  readonly address: string | undefined;
  readonly port: number | undefined;
}

/** The names that an operator has configured for the server. */
export interface OwnNames {
  /** What the server listens on. */
  readonly host: string;
  readonly allowedHosts: readonly string[];
  readonly publicUrl?: string | undefined;
}

/**
 * Whether a URL's address is this server's. An IP address must be the one at which the connection arrived, including
 * the port, because a proxy that relays the question was asked at another address. `localhost` never counts: it
 * resolves to two addresses, and another program may listen at the second. The same holds for the machine's own name,
 * unless the server listens at all addresses. A name that the operator has allowed counts without a port, or with the
 * one at which the connection arrived; a public address with another port is `publicUrl`.
 */
export function isOwnHost(host: string, local: LocalEnd, { host: own, allowedHosts, publicUrl }: OwnNames): boolean {
  const url = URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : undefined;
  if (url === undefined || host.length > 300 || /[/?#@\\\s]/.test(host)) return false;
  const name = url.hostname.replace(/^\[|\]$/g, '');
  if (publicUrl !== undefined && new URL(publicUrl).host === host) return true;
  const isAllowed = allowedHosts.some((allowed) => allowed.toLowerCase() === name);
  // The proxy of the operator is at the port of HTTP or HTTPS. Any other program of the machine may be at other ports.
  if (isAllowed && url.port === '') return true;
  const isOwnPort = url.port === '' ? local.port === 80 || local.port === 443 : Number(url.port) === local.port;
  if (!isOwnPort) return false;
  if (isAllowed) return true;
  if (isIP(name) === 0) return own === '::' && isMachineName(name);
  return name === '0.0.0.0' || name === '::' || name === local.address?.replace(/^::ffff:/, '');
}

function isMachineName(name: string): boolean {
  const machine = hostname().toLowerCase();
  return machine !== 'localhost' && (name === machine || name === `${machine}.local`);
}
