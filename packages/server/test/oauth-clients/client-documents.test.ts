import type { PinnedAddresses, PinnedFetch } from '@latchkey/mcp-bridge';
import { describe, expect, it } from 'vitest';
import { createClientDocuments } from '../../src/oauth-clients/client-documents.ts';

const ID = 'https://app.example/oauth/client.json';
const DOCUMENT = {
  client_id: ID,
  client_name: 'An Editor',
  redirect_uris: ['http://127.0.0.1/callback'],
  token_endpoint_auth_method: 'none',
};

interface World {
  readonly addresses?: Readonly<Record<string, string>>;
  readonly answer?: (url: string) => Response | Promise<Response>;
  readonly privateHosts?: readonly string[];
}

/** Client documents on an internet of our own; `asked` are the requests that were made. */
function documentsIn({ addresses = {}, answer = () => Response.json(DOCUMENT), privateHosts = [] }: World = {}) {
  const asked: string[] = [];
  const connect = (pinned: PinnedAddresses): PinnedFetch => ({
    fetch: async (url) => {
      await pinned.find();
      asked.push(String(url));
      return answer(String(url));
    },
    [Symbol.dispose]: () => undefined,
  });
  let now = 0;
  const documents = createClientDocuments({
    privateHosts,
    resolve: async (host) => [{ address: addresses[host] ?? '93.184.215.14', family: 4 }],
    connect,
    clock: () => new Date(now),
  });
  const find = (id: string) => documents.find(id, AbortSignal.timeout(60_000));
  return { find, asked, pass: (milliseconds: number) => (now += milliseconds) };
}

describe('a client that describes itself', () => {
  it('is what its document says, which is read again after five minutes', async () => {
    const { find, asked, pass } = documentsIn();
    const client = { id: ID, name: 'An Editor', host: 'app.example', redirectUris: DOCUMENT.redirect_uris };
    expect([await find(ID), await find(ID)]).toEqual([client, client]);
    expect(asked).toEqual([ID]);
    pass(300_001);
    await find(ID);
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['an address of the machine', 'https://127.0.0.1/client.json'],
    ['the metadata of a cloud', 'https://169.254.169.254/latest/client.json'],
    ['an address of the network', 'https://10.0.0.7/client.json'],
    ['IPv6 of the machine', 'https://[::1]/client.json'],
    ['an address in another spelling', 'https://0x7f000001/client.json'],
    ['a name of an inward address', 'https://inward.example/client.json'],
    ['http', 'http://app.example/client.json'],
    ['http on the machine', 'http://localhost:1/client.json'],
    ['a user name', 'https://a:b@app.example/client.json'],
    ['no path', 'https://app.example/'],
    ['a fragment', 'https://app.example/client.json#a'],
    ['dots', 'https://app.example/x/../client.json'],
    ['a host in another spelling', 'https://APP.example/client.json'],
  ])('is not asked at %s', async (_, id) => {
    const { find, asked } = documentsIn({ addresses: { 'inward.example': '192.168.1.1' } });
    await expect(find(id)).rejects.toMatchObject({ code: 'invalid_client' });
    expect(asked).toEqual([]);
  });

  it('may be inward where the operator has named its host', async () => {
    const id = 'https://inward.example/client.json';
    const { find } = documentsIn({
      addresses: { 'inward.example': '192.168.1.1' },
      privateHosts: ['inward.example'],
      answer: () => Response.json({ ...DOCUMENT, client_id: id }),
    });
    expect(await find(id)).toMatchObject({ host: 'inward.example' });
  });

  it.each<[string, () => Response]>([
    ['that of another client', () => Response.json({ ...DOCUMENT, client_id: 'https://app.example/other.json' })],
    ['without its id', () => Response.json({ ...DOCUMENT, client_id: undefined })],
    [
      'of a confidential client',
      () => Response.json({ ...DOCUMENT, token_endpoint_auth_method: 'client_secret_basic' }),
    ],
    ['with a redirect that runs scripts', () => Response.json({ ...DOCUMENT, redirect_uris: ['javascript:alert(1)'] })],
    ['without redirects', () => Response.json({ ...DOCUMENT, redirect_uris: [] })],
    ['no JSON', () => new Response('<html>')],
    ['an error', () => Response.json(DOCUMENT, { status: 404 })],
    ['on another host', () => new Response(null, { status: 302, headers: { location: 'https://127.0.0.1/x' } })],
    ['too large', () => new Response(`"${'a'.repeat(300_000)}"`)],
  ])('is refused when its document is %s', async (_, answer) => {
    const { find, asked } = documentsIn({ answer });
    await expect(find(ID)).rejects.toMatchObject({ code: expect.stringMatching(/^invalid_/) });
    expect(asked).toEqual([ID]);
  });

  it('is looked up with few others at once', async () => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const { find } = documentsIn({ answer: () => promise });
    const waiting = Array.from({ length: 8 }, (_, at) => find(`https://app.example/${at}`).catch((error) => error));
    await expect(find(ID)).rejects.toThrow('too many clients');
    resolve(Response.json({}));
    await Promise.all(waiting);
    await expect(find(ID)).rejects.not.toThrow('too many clients');
  });
});
