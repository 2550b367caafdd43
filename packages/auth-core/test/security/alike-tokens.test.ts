import { expect, it } from 'vitest';
import { TOKEN_KINDS } from '../../src/index.ts';
import { makeEveryKind, setUpEveryKind } from './every-kind.ts';

/**
 * Another last character, so that all before it are the same. Base64url of any length may end with A and with Q: the
 * bits that they leave over are zero.
 */
function twinOf(text: string): string {
  const [one, other] = /[0-9a-f]{30}$/.test(text) ? ['0', '1'] : ['A', 'Q'];
  return text.slice(0, -1) + (text.endsWith(one) ? other : one);
}

it('a token that begins like another one is not taken for it (cache keyed by a prefix)', async () => {
  const installation = setUpEveryKind();
  const tokens = await makeEveryKind(installation);
  for (const kind of TOKEN_KINDS) {
    // Warm by now, whatever begins like it.
    expect(await installation.auth.verify(tokens[kind])).toMatchObject({ kind });
    await expect(installation.auth.verify(twinOf(tokens[kind])), kind).rejects.toMatchObject({
      code: 'AUTH_TOKEN_UNKNOWN',
    });
    await expect(installation.auth.verify(tokens[kind].slice(0, -1)), kind).rejects.toMatchObject({
      code: expect.stringMatching(/^AUTH_TOKEN_/),
    });
  }
});

it('two tokens of nearly one text have each their own authority (cache keyed by a prefix)', async () => {
  const { auth, operator } = setUpEveryKind();
  const text = 'wZ4qT9xLr7Vb2NcK8sHdwZ4qT9xLr7Vb2NcK8sHd';
  const issue = (secret: string, actions: string[]) =>
    auth.issue({ name: secret.slice(-1), kind: 'custom', secret, force: true, grant: { actions } }, operator);
  await issue(`${text}1`, ['*']);
  await issue(`${text}2`, ['chat']);
  for (const round of [1, 2]) {
    const [strong, weak] = [await auth.verify(`${text}1`), await auth.verify(`${text}2`)];
    expect(auth.decide(strong, { action: 'settings:write' }).allowed, `round ${round}`).toBe(true);
    expect(auth.decide(weak, { action: 'settings:write' }).allowed, `round ${round}`).toBe(false);
  }
});
