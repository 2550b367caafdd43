import { createAuth, createMemoryTokenStore } from '@latchkey/auth-core';

test('a token is made and verified in an ES module', async () => {
  const auth = createAuth({ store: createMemoryTokenStore(), digestKey: crypto.getRandomValues(new Uint8Array(32)) });
  const { token } = await auth.issue({ name: 'ci', grant: { actions: ['usage:read'] } }, auth.operator());
  expect((await auth.verify(token)).name).toBe('ci');
});
