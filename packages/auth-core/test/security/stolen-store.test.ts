import { describe, expect, it } from 'vitest';
import { TOKEN_KINDS, type TokenKind } from '../../src/index.ts';
import { digestKey, GRANT, makeEveryKind, secretOf, setUpEveryKind } from './every-kind.ts';

/** Everything that the stores hold: tokens of every kind, one with a former secret, and a stone for one that ended. */
async function fillStore() {
  const installation = setUpEveryKind();
  const { auth, operator, inner, keyStore } = installation;
  const tokens = await makeEveryKind(installation);
  const rotated = await auth.issue({ name: 'rotated', grant: GRANT }, operator);
  const { token } = await auth.rotate(rotated.record.id, { overlap: 'until-first-use' }, operator);
  const exchanged = await auth.exchange({}, await auth.verify(tokens.attenuated));
  const others: [TokenKind, string][] = [
    ['api-key', rotated.token],
    ['api-key', token],
    ['api-key', exchanged.token],
  ];
  const records = await inner.list({});
  const signingKeys = await keyStore.list();
  return {
    ...installation,
    tokens,
    rotated: rotated.record.id,
    all: [...Object.entries(tokens), ...others] as [TokenKind, string][],
    records,
    signingKeys,
  };
}

describe('who has stolen the database', () => {
  it('finds no token in it, of whatever kind (keys at rest in plain text)', async () => {
    const { all, records, signingKeys, keys } = await fillStore();
    const dump = JSON.stringify({ records, signingKeys });
    const places = [dump, Buffer.from(dump).toString('base64'), dump.toLowerCase()];
    for (const [kind, text] of all) {
      for (const place of places) expect(place, kind).not.toContain(secretOf(kind, text));
    }
    expect(dump).not.toContain(Buffer.from(digestKey).toString('hex'));
    const { privateKey } = await keys.signer();
    expect(privateKey.extractable).toBe(false);
    expect(dump).not.toContain('"d"');
  });

  it('gets in with nothing that is stored: not with a digest, not with what is sealed (pass the hash)', async () => {
    const { auth, records, signingKeys } = await fillStore();
    const loot: string[] = JSON.stringify([records, signingKeys]).match(/[\w.=+/-]{16,}/g) ?? [];
    expect(loot.length).toBeGreaterThan(20);
    for (const record of records) {
      const { id, digest, sealed = '', attenuationKey = '' } = record;
      loot.push(
        `sk-lm-${id}:${digest.slice(0, 20)}`,
        `${id}${digest}`.slice(0, 40),
        `${id.slice(0, 10)}${digest.slice(0, 30)}`,
        ...[digest, sealed.slice(-64), attenuationKey.slice(-64)].map((key) => `lka_${id}.e30.${key}`),
      );
    }
    for (const text of new Set(loot)) {
      const error = await auth.verify(text).catch((reason: unknown) => reason);
      expect(error, text).toMatchObject({ code: expect.stringMatching(/^AUTH_TOKEN_(?:UNKNOWN|MALFORMED)$/) });
    }
  });
});

describe('whoever is shown tokens', () => {
  it('sees no digest and nothing that is sealed, in whatever answer (hashes in responses)', async () => {
    const { auth, operator, records, tokens, rotated: id } = await fillStore();
    const answers: unknown[] = [
      await auth.list(operator),
      ...(await Promise.all(records.map((record) => auth.show(record.id, operator)))),
      await auth.edit(id, { notes: 'seen' }, operator),
      (await auth.rotate(id, {}, operator)).record,
      (await auth.exchange({}, await auth.verify(tokens.custom))).record,
      await auth.revokeSelf(await auth.verify(tokens.access).catch(() => auth.verify(tokens.legacy))),
      await auth.revoke(id, operator),
      await auth.verify(tokens['personal-access']),
    ];
    const seen = JSON.stringify(answers);
    for (const { digest, sealed, attenuationKey, previous } of records) {
      for (const hidden of [digest, sealed, attenuationKey, previous?.digest, previous?.attenuationKey]) {
        if (hidden) expect(seen).not.toContain(hidden);
      }
    }
    for (const kind of TOKEN_KINDS) expect(seen, kind).not.toContain(secretOf(kind, tokens[kind]));
    expect(seen).not.toMatch(/"(?:digest|sealed|attenuationKey|previous)":/);
  });
});
