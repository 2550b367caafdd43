import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { readCredential } from '../../src/http/index.ts';
import { createAuditLog, createMemoryAuditStore, TOKEN_KINDS, type TokenKind } from '../../src/index.ts';
import { readTokenExchange } from '../../src/jwt/index.ts';
import { llm, parseGrant } from '../words.ts';
import { CHAT, digestKey, makeEveryKind, secretOf, setUpEveryKind } from './every-kind.ts';

it('no token of any kind is in an error, in its cause, in the audit or in what is known of a caller (keys in logs)', async () => {
  const log = createAuditLog({ store: createMemoryAuditStore(), key: digestKey });
  const installation = setUpEveryKind({ audit: log.record });
  const { auth, operator, access, failing, settings, clock } = installation;
  const tokens = await makeEveryKind(installation);
  const seen: unknown[] = [installation.events, auth, access];
  const note = async (act: () => unknown) =>
    void seen.push(
      await Promise.resolve()
        .then(act)
        .catch((error: unknown) => error),
    );

  const spoil: ((text: string) => string)[] = [
    (text) => text,
    (text) => `${text}x`,
    (text) => ` ${text}`,
    (text) => text.replaceAll('.', '..'),
    (text) => text.toUpperCase(),
    (text) => text.slice(1),
  ];
  for (const kind of TOKEN_KINDS) {
    for (const change of spoil) {
      const text = change(tokens[kind]);
      await note(() => auth.verify(text));
      await note(() => readCredential(() => [`Bearer ${text}`, text]));
      await note(() => readCredential((name) => [name === 'x-api-key' ? text : 'Bearer another']));
      await note(() => readCredential(() => [`Basic ${btoa(encodeURIComponent(text))}`], { basic: true }));
      await note(() => parseGrant({ actions: [text], models: [text.repeat(300)] }));
      await note(() => readTokenExchange(llm, { grant_type: 'x', subject_token: [text, text] }));
    }
    const by = await auth.verify(tokens[kind]);
    seen.push(by);
    await note(() => auth.issue({ name: 'x', grant: CHAT }, by));
    await note(
      async () => (await auth.rotate(by.id, { overlap: { seconds: 3600 } }, operator).catch((error) => error)).record,
    );
    await note(async () => (await auth.exchange({ grant: CHAT }, by)).record);
  }
  await note(() => auth.issue({ name: 'twice', kind: 'custom', secret: tokens.custom, grant: CHAT }, operator));
  await note(() => auth.issue({ name: 'weak', kind: 'custom', secret: 'weakweakweak', grant: CHAT }, operator));
  await note(() => auth.issue({ name: 'wrong', kind: 'api-key', secret: tokens.custom, grant: CHAT }, operator));
  for (const kind of TOKEN_KINDS) {
    settings.kinds = { ...settings.kinds, [kind]: false };
    await note(() => auth.verify(tokens[kind]));
    settings.kinds = { ...settings.kinds, [kind]: true };
    await note(async () => auth.revokeSelf(await auth.verify(tokens[kind])));
    await note(() => auth.verify(tokens[kind]));
  }
  failing.add('find');
  clock.advance(86_400_000);
  for (const kind of TOKEN_KINDS) await note(() => auth.verify(tokens[kind]));
  seen.push(await log.list({ limit: 1000 }));

  const text = inspect(seen, {
    depth: 12,
    maxArrayLength: null,
    maxStringLength: null,
    showHidden: true,
    breakLength: Infinity,
  });
  const json = JSON.stringify(seen);
  expect(text).toContain('AUTH_TOKEN_REVOKED');
  expect(text).toContain('token.issued');
  for (const [kind, token] of Object.entries(tokens) as [TokenKind, string][]) {
    for (const canary of [secretOf(kind, token), secretOf(kind, token).toUpperCase()]) {
      expect(text.includes(canary), kind).toBe(false);
      expect(json.includes(canary), kind).toBe(false);
    }
  }
  expect(text).not.toContain('weakweakweak');
});
