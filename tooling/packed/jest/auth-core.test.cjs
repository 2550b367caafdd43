const { createAuth, createMemoryTokenStore, isAuthError } = require('@latchkey/auth-core');
const { protect } = require('@latchkey/auth-core/fetch');
const { protect: protectKoa } = require('@latchkey/koa-auth');

const auth = createAuth({ store: createMemoryTokenStore(), digestKey: crypto.getRandomValues(new Uint8Array(32)) });

test('a token is made and verified', async () => {
  const { token } = await auth.issue({ name: 'ci', grant: { actions: ['usage:read'] } }, auth.operator());
  expect((await auth.verify(token)).name).toBe('ci');
});

test('a refusal is known, and answered', async () => {
  const refused = await auth.verify('nonsense').catch((error) => error);
  expect(isAuthError(refused)).toBe(true);
  const answer = await protect({ auth })('usage:read')(() => new Response('hello'))(new Request('https://a.example/'));
  expect(answer.status).toBe(401);
  expect(typeof protectKoa({ auth })).toBe('function');
});
