import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAddressPolicy } from '../../src/transport/address-policy.ts';
import { createPinnedFetch, pinAddresses } from '../../src/transport/pinned-fetch.ts';
import { certify, type Identity } from './self-signed.ts';

/** This process trusts one more certificate, for the length of a test. */
function trust(cert: string): void {
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, cert]);
  onTestFinished(() => setDefaultCACertificates(before));
}

async function listen(identity: Identity): Promise<{ port: number; names: unknown[] }> {
  const names: unknown[] = [];
  const server = createServer(identity, (request, response) => {
    names.push((request.socket as TLSSocket & { servername?: unknown }).servername);
    response.writeHead(200, { connection: 'close' }).end('ok');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, names };
}

function pinned(url: string) {
  let asked = 0;
  const resolve = async () => {
    asked += 1;
    return [{ address: asked === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }];
  };
  const made = createPinnedFetch(pinAddresses(new URL(url), createAddressPolicy(['127.0.0.0/8']), resolve));
  onTestFinished(() => made[Symbol.dispose]());
  return { fetch: () => made.fetch(url), asked: () => asked };
}

describe('a pinned fetch over TLS', () => {
  it.each(['tools.example', 'tools.example.'])('asks the address for the certificate of %s', async (host) => {
    const identity = certify('tools.example');
    trust(identity.cert);
    const { port, names } = await listen(identity);
    const { fetch, asked } = pinned(`https://${host}:${port}/`);
    for (let count = 0; count < 3; count += 1) expect(await (await fetch()).text()).toBe('ok');
    expect(names).toEqual(['tools.example', 'tools.example', 'tools.example']);
    expect(asked()).toBe(1);
  });

  it.each(['other.example', '127.0.0.1', '*.tools.example'])(
    'is given nothing by a server that is %s, though it is at the address',
    async (name) => {
      const identity = certify(name);
      trust(identity.cert);
      const { port, names: seen } = await listen(identity);
      const error = await pinned(`https://tools.example:${port}/`)
        .fetch()
        .catch((thrown) => thrown);
      expect(error.cause).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
      expect(seen).toEqual([]);
    },
  );

  it('takes no certificate that nobody vouches for', async () => {
    const { port, names } = await listen(certify('tools.example'));
    const error = await pinned(`https://tools.example:${port}/`)
      .fetch()
      .catch((thrown) => thrown);
    expect(error.cause).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(names).toEqual([]);
  });
});
