import { expect, it } from 'vitest';
import { createPendingCookies } from '../../src/openid/pending-cookie.ts';

const SECRET = new Uint8Array(32).fill(1);
const FORMER = new Uint8Array(32).fill(2);
const PENDING = { state: 'a', nonce: 'b', verifier: 'c', to: '/console/' };
const START = Date.parse('2027-01-01T00:00:00Z');

it('a sign-in can be finished for ten minutes', async () => {
  let now = START;
  const cookies = createPendingCookies([SECRET], () => new Date(now));
  const value = await cookies.seal(PENDING);
  now = START + 599_999;
  expect(await cookies.open(value)).toEqual(PENDING);
  now = START + 600_000;
  expect(await cookies.open(value)).toBeUndefined();
});

it('a sign-in can be finished after the secret was changed, and with another server of the installation', async () => {
  const value = await createPendingCookies([FORMER], () => new Date(START)).seal(PENDING);
  expect(await createPendingCookies([SECRET, FORMER], () => new Date(START)).open(value)).toEqual(PENDING);
});

it.each(['', 'x', Buffer.from('{}').toString('base64url')])(
  'what was not sealed here opens nothing: %j',
  async (value) => {
    expect(await createPendingCookies([SECRET], () => new Date(START)).open(value)).toBeUndefined();
  },
);
