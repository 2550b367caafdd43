import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CredentialSource, createCredentialReader, readFetchRequest } from '../../src/http/index.ts';
import { AuthError } from '../../src/index.ts';

const TOKEN = 'key_AAAAAAAA:BBBBBBBBBBBBBBBBBBBB';
const malformed = expect.objectContaining({ code: 'AUTH_TOKEN_MALFORMED' });
const encode = (text: string) => Buffer.from(text, 'utf8').toString('base64url');

function read(sources: readonly CredentialSource[], lines: Record<string, string[]>, url?: string): string | undefined {
  return createCredentialReader(sources)({
    header: (name) => (Object.hasOwn(lines, name) ? (lines[name] ?? []) : []),
    ...(url !== undefined && { url }),
  });
}

describe('the places of a token', () => {
  it('are schemes of Authorization, in any case, and only those that are named', () => {
    const sources = [{ authorization: ['Api-Key', 'GenieKey'] }];
    for (const scheme of ['Api-Key', 'api-key', 'GENIEKEY']) {
      expect(read(sources, { authorization: [`${scheme} ${TOKEN}`] })).toBe(TOKEN);
    }
    for (const scheme of ['Bearer', 'Token', 'Basic', 'Api-Keys']) {
      expect(read(sources, { authorization: [`${scheme} ${TOKEN}`] })).toBeUndefined();
    }
  });

  it('may be HTTP Basic, with the token as the password', () => {
    const authorization = [`Basic ${Buffer.from(`proxy:${TOKEN}`).toString('base64')}`];
    expect(read([{ authorization: ['Bearer', 'Basic'] }], { authorization })).toBe(TOKEN);
    expect(read([{ authorization: ['Bearer'] }], { authorization })).toBeUndefined();
  });

  it('are header fields that hold a token alone, also Authorization', () => {
    expect(read([{ header: 'PRIVATE-TOKEN' }], { 'private-token': [TOKEN] })).toBe(TOKEN);
    expect(read([{ header: 'Authorization' }], { authorization: [TOKEN] })).toBe(TOKEN);
    expect(() => read([{ header: 'Authorization' }], { authorization: [`Bearer ${TOKEN}`] })).toThrow(malformed);
  });

  it('are a WebSocket subprotocol, in one header line or in several', () => {
    const sources = [{ webSocketProtocol: 'bearer.' }];
    const offered = `bearer.${encode(TOKEN)}`;
    expect(read(sources, { 'sec-websocket-protocol': [`chat,${offered}`] })).toBe(TOKEN);
    expect(read(sources, { 'sec-websocket-protocol': ['chat', offered] })).toBe(TOKEN);
    expect(read(sources, { 'sec-websocket-protocol': ['chat, bearer.'] })).toBeUndefined();
    for (const wrong of [`${offered}, ${offered}`, `bearer.${TOKEN}`, `${offered}=`, `bearer.${encode('é')}`]) {
      expect(() => read(sources, { 'sec-websocket-protocol': [wrong] }), wrong).toThrow(malformed);
    }
  });

  it('are a query parameter, once', () => {
    const sources = [{ queryParameterThatLogsShow: 'token' }];
    const query = `token=${encodeURIComponent(TOKEN)}`;
    for (const url of [`/events?${query}`, `https://a.example/events?x=1&${query}#token=other`]) {
      expect(read(sources, {}, url)).toBe(TOKEN);
    }
    for (const url of [undefined, '/events', '/events?token=', '/events?Token=a', '/events#?token=a']) {
      expect(read(sources, {}, url), url).toBeUndefined();
    }
    expect(() => read(sources, {}, `/events?${query}&${query}`)).toThrow(malformed);
  });

  it('are read of a fetch request, too', () => {
    const request = new Request(`https://a.example/?token=${encodeURIComponent(TOKEN)}`);
    expect(createCredentialReader([{ queryParameterThatLogsShow: 'token' }])(readFetchRequest(request))).toBe(TOKEN);
  });

  it('are asked in their order: the first with a token decides, and an empty one has none', () => {
    const sources = [{ header: 'a' }, { authorization: ['Bearer'] }, { cookie: 'c' }];
    const all = { a: ['one'], authorization: ['Bearer two'], cookie: ['c=three'] };
    expect(read(sources, all)).toBe('one');
    expect(read([...sources].reverse(), all)).toBe('three');
    expect(read(sources, { ...all, a: [''] })).toBe('two');
    expect(read(sources, { ...all, a: [''], authorization: ['Bearer '] })).toBe('three');
    expect(read(sources, { a: [''], authorization: ['Bearer'], cookie: ['c='] })).toBeUndefined();
  });

  it('do not pass on to the next one when a token is malformed', () => {
    const sources = [{ header: 'a' }, { authorization: ['Bearer'] }];
    const authorization = [`Bearer ${TOKEN}`];
    for (const a of [['x', 'x'], ['two words'], ['é'], ['x'.repeat(8193)]]) {
      expect(() => read(sources, { a, authorization })).toThrow(malformed);
    }
  });

  it.each<[string, unknown]>([
    ['no list', 'Bearer'],
    ['an empty list', []],
    ['nothing', [undefined]],
    ['an unknown place', [{ body: 'token' }]],
    ['two places in one', [{ header: 'a', cookie: 'b' }]],
    ['no scheme', [{ authorization: [] }]],
    ['a scheme with a blank', [{ authorization: ['Api Key'] }]],
    ['a header with a colon', [{ header: 'a:' }]],
    ['an empty prefix', [{ webSocketProtocol: '' }]],
  ])('are refused where they are %s', (_, sources) => {
    expect(() => createCredentialReader(sources as CredentialSource[])).toThrow(TypeError);
  });

  it('give visible ASCII, or nothing, or say that it is malformed', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map((text) => `Bearer ${text}`),
      fc.string().map((text) => `s=${text}; ${text}=s`),
      fc.string({ unit: 'binary' }).map((text) => `p.${encode(text)}`),
    );
    const sources = [
      { header: 'x' },
      { authorization: ['Bearer', 'Basic'] },
      { cookie: 's' },
      { webSocketProtocol: 'p.' },
      { queryParameterThatLogsShow: 'q' },
    ];
    fc.assert(
      fc.property(fc.array(value, { maxLength: 2 }), value, fc.nat(3), (lines, url, at) => {
        const name = ['x', 'authorization', 'cookie', 'sec-websocket-protocol'][at] ?? '';
        try {
          const credential = read(sources, { [name]: lines }, `/?q=${url}`);
          expect(credential === undefined || /^[\x21-\x7e]{1,8192}$/.test(credential)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(AuthError);
          expect(error).toEqual(malformed);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('a cookie', () => {
  const sources = [{ cookie: 'session' }];

  it.each(['session=TOKEN', 'a=b; session=TOKEN', ' session = TOKEN ; a=b', 'session=; session=TOKEN'])(
    'is found in "%s"',
    (line) => {
      expect(read(sources, { cookie: [line.replace('TOKEN', TOKEN)] })).toBe(TOKEN);
      expect(read(sources, { cookie: [line.replace('TOKEN', encodeURIComponent(TOKEN))] })).toBe(TOKEN);
    },
  );

  it('is its own name only, and is refused where two of it differ', () => {
    expect(read(sources, { cookie: ['xsession=a; Session=b; session'] })).toBeUndefined();
    expect(read(sources, { cookie: ['session=a; session=a'] })).toBe('a');
    expect(() => read(sources, { cookie: ['session=a; session=b'] })).toThrow(malformed);
    expect(() => read(sources, { cookie: ['session=a', 'session=b'] })).toThrow(malformed);
    expect(() => read(sources, { cookie: ['session=%E0%A4%A'] })).toThrow(malformed);
  });

  it.each<[string, Record<string, string[]>, boolean]>([
    ['a page of the same origin', { 'sec-fetch-site': ['same-origin'], origin: ['https://a.example'] }, true],
    ['a user who typed it', { 'sec-fetch-site': ['none'] }, true],
    ['a page of another site', { 'sec-fetch-site': ['cross-site'] }, false],
    ['a page of a sibling domain', { 'sec-fetch-site': ['same-site'] }, false],
    ['two answers', { 'sec-fetch-site': ['same-origin', 'same-origin'] }, false],
    ['a program', {}, true],
    ['an older browser at the same origin', { origin: ['http://a.example:8080'], host: ['A.example:8080'] }, true],
    ['an older browser elsewhere', { origin: ['https://b.example'], host: ['a.example'] }, false],
    ['a page without an origin', { origin: ['null'], host: ['a.example'] }, false],
    ['two origins', { origin: ['https://a.example', 'https://b.example'], host: ['a.example'] }, false],
    ['an origin, to no host', { origin: ['https://a.example'] }, false],
  ])('of %s counts or not', (_, lines, counts) => {
    expect(read(sources, { cookie: [`session=${TOKEN}`], ...lines })).toBe(counts ? TOKEN : undefined);
  });

  it('is compared with the URL of a fetch request that has no Host', () => {
    const cookie = [`session=${TOKEN}`];
    const url = 'https://a.example/events';
    expect(read(sources, { cookie, origin: ['https://a.example'] }, url)).toBe(TOKEN);
    expect(read(sources, { cookie, origin: ['https://b.example'] }, url)).toBeUndefined();
  });
});
