import { describe, expect, it } from 'vitest';
import { createRegisteredClients } from '../../src/oauth-clients/registered-clients.ts';

const secret = (byte: number) => new Uint8Array(32).fill(byte);
const metadata = { client_name: 'An\u202e Editor', redirect_uris: ['http://127.0.0.1:1/callback'] };

describe('a client that registers itself', () => {
  it('is found by its id, here and after the secret has changed, and nowhere else', () => {
    const { clientId } = createRegisteredClients([secret(1)]).register(metadata);
    const client = { id: clientId, name: 'An Editor', redirectUris: metadata.redirect_uris };
    expect(createRegisteredClients([secret(1)]).find(clientId)).toEqual(client);
    expect(createRegisteredClients([secret(2), secret(1)]).find(clientId)).toEqual(client);
    expect(createRegisteredClients([secret(2)]).find(clientId)).toBeUndefined();
  });

  it('cannot change what it has said', () => {
    const clients = createRegisteredClients([secret(1)]);
    const [text = '', code = ''] = clients.register(metadata).clientId.slice('lkc_'.length).split('.');
    const other = Buffer.from(JSON.stringify(['An Editor', ['https://evil.example/']])).toString('base64url');
    for (const id of [`lkc_${other}.${code}`, `lkc_${text}.`, `lkc_${text}`, `lkc_${text}.${code}.x`, 'lkc_', 'x'])
      expect(clients.find(id)).toBeUndefined();
  });

  it.each([
    ['redirects of no URL', { redirect_uris: ['x'] }],
    ['a redirect beyond the machine without TLS', { redirect_uris: ['http://evil.example/'] }],
    ['no redirects', {}],
    ['too many redirects', { redirect_uris: Array.from({ length: 5 }, (_, at) => `https://a.example/${at}`) }],
    [
      'long redirects',
      { redirect_uris: Array.from({ length: 4 }, (_, at) => `https://a.example/${at}${'a'.repeat(480)}`) },
    ],
    ['no codes', { ...metadata, grant_types: ['client_credentials'] }],
    ['tokens in the URL', { ...metadata, response_types: ['token'] }],
  ])('is refused with %s', (_, wrong) => {
    expect(() => createRegisteredClients([secret(1)]).register(wrong)).toThrow(
      expect.objectContaining({ name: 'OAuthError' }),
    );
  });
});
