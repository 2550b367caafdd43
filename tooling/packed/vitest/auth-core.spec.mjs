import { createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
import { protect } from '@latchkey/auth-core/fetch';
import { expect, test } from 'vitest';

test('a token is made and verified, and a refusal is answered', async () => {
  const auth = createAuth({ store: createMemoryTokenStore(), digestKey: crypto.getRandomValues(new Uint8Array(32)) });
  const { token } = await auth.issue({ name: 'ci', grant: { actions: ['usage:read'] } }, auth.operator());
  expect((await auth.verify(token)).name).toBe('ci');
  const answer = await protect({ auth })('usage:read')(() => new Response('hello'))(new Request('https://a.example/'));
  expect(answer.status).toBe(401);
});
