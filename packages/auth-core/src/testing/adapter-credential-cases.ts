import { toBase64url } from '../token/base64url.ts';
import { assertAnswered, assertRefused, type BenchAnswer } from './adapter-bench.ts';
import { bearer, type Case, unknownToken, whoami } from './adapter-case.ts';
import { assertEqual } from './contract-case.ts';

/** The cases of the adapter contract about where a token is read, and about callers without one. */
export const CREDENTIAL_CASES: readonly Case[] = [
  [
    'takes a token from the places that are named, in their order, and from no other',
    async ({ issue, send }) => {
      const [{ token }, other] = [await issue(), await unknownToken()];
      const encoded = toBase64url(new TextEncoder().encode(token));
      assertAnswered(await send({ 'private-token': token }));
      assertAnswered(await send({ authorization: `api-key ${token}` }));
      assertAnswered(await send({ cookie: `theme=dark; session=${encodeURIComponent(token)}` }));
      assertAnswered(await send({ 'sec-websocket-protocol': `chat, bearer.${encoded}` }));
      assertAnswered(await send({}, { path: `/models?token=${encodeURIComponent(token)}` }));
      assertAnswered(await send({ 'private-token': token, authorization: `Api-Key ${other}` }));
      assertAnswered(await send({ 'private-token': token, ...bearer('the.gateways.jwt') }));
      const wrongFirst = await send({ 'private-token': other, authorization: `Api-Key ${token}` });
      assertRefused(wrongFirst, 401, 'AUTH_TOKEN_UNKNOWN');
      assertAnswered(await send({ 'private-token': '', authorization: 'Api-Key', cookie: `session=${token}` }));
      assertRefused(await send({ ...bearer(token), 'x-api-key': token }), 401, 'AUTH_TOKEN_MISSING');
    },
    {
      credentials: [
        { header: 'Private-Token' },
        { authorization: ['Api-Key'] },
        { cookie: 'session' },
        { webSocketProtocol: 'bearer.' },
        { queryParameterThatLogsShow: 'token' },
      ],
    },
  ],
  [
    'takes no cookie that another site makes a browser send',
    async ({ issue, send }) => {
      const cookie = `session=${(await issue()).token}`;
      assertAnswered(await send({ cookie, 'sec-fetch-site': 'same-origin' }));
      for (const site of ['cross-site', 'same-site']) {
        assertRefused(await send({ cookie, 'sec-fetch-site': site }), 401, 'AUTH_TOKEN_MISSING');
      }
      assertRefused(await send({ cookie, origin: 'https://elsewhere.example' }), 401, 'AUTH_TOKEN_MISSING');
      assertRefused(await send({ cookie, origin: 'null' }), 401, 'AUTH_TOKEN_MISSING');
      assertRefused(await send({ cookie: `${cookie}; session=another` }), 401, 'AUTH_TOKEN_MALFORMED');
    },
    { credentials: [{ cookie: 'session' }] },
  ],
  [
    'knows a caller by its token, and one without a token as a guest that may do nothing',
    async ({ issue, send }) => {
      const { id, token } = await issue();
      const nameOf = ({ body }: BenchAnswer): unknown => JSON.parse(body).name;
      const known = await send(bearer(token), whoami);
      assertEqual([known.status, JSON.parse(known.body).id], [200, id]);
      for (const headers of [{}, { authorization: 'Bearer' }, { 'x-api-key': '' }]) {
        const guest = await send(headers, whoami);
        assertEqual([guest.status, nameOf(guest)], [200, 'guest']);
      }
      assertRefused(await send(bearer(await unknownToken()), whoami), 401, 'AUTH_TOKEN_UNKNOWN');
      assertRefused(await send(bearer('nonsense'), whoami), 401, 'AUTH_TOKEN_MALFORMED');
      assertRefused(await send(), 401, 'AUTH_TOKEN_MISSING');
      assertAnswered(await send(bearer(token)));
    },
    { guests: {} },
  ],
  [
    'counts guests by their address, and callers with a token by that',
    async ({ issue, send }) => {
      const statusFrom = async (address: string, headers = {}) =>
        (await send({ ...headers, 'x-forwarded-for': address }, whoami)).status;
      assertEqual([await statusFrom('198.51.100.4'), await statusFrom('198.51.100.4')], [200, 429]);
      assertEqual([await statusFrom('198.51.100.5:1234'), await statusFrom('::ffff:198.51.100.5')], [200, 429]);
      assertEqual([await statusFrom('2001:db8::1'), await statusFrom('[2001:db8::2]:443')], [200, 429]);
      assertEqual(
        [await statusFrom('2001:db8:0:1::1'), await statusFrom('unknown'), await statusFrom('hidden')],
        [200, 200, 429],
      );
      assertEqual(await statusFrom('198.51.100.4', bearer((await issue()).token)), 200);
    },
    { guests: { limits: { requestsPerMinute: 1 } }, trustedProxies: ['127.0.0.0/8', '::1'] },
  ],
];
