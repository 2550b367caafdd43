import { describe, expect, it } from 'vitest';
import { attenuateToken, InvalidTokenError, TOKEN_KINDS } from '../../src/index.ts';
import { llm } from '../words.ts';
import { CHAT, makeEveryKind, setUpEveryKind } from './every-kind.ts';

describe('a flood of wrong tokens', () => {
  it('locks nobody out whose token is right (denial of service by lockout)', async () => {
    const installation = setUpEveryKind();
    const { auth, calls, keyCalls } = installation;
    const tokens = await makeEveryKind(installation);
    for (const kind of TOKEN_KINDS) await auth.verify(tokens[kind]);
    const [header, claims] = tokens.access.split('.');
    for (let index = 0; index < 300; index++) {
      const digits = String(index).padStart(20, '0');
      const wrong = [
        // With the ids of the right ones: it is these that a lockout by token would lock.
        `${tokens['api-key'].slice(0, -20)}${digits}`,
        `${tokens.legacy.slice(0, -20)}${digits}`,
        `${tokens.attenuated.slice(0, -20)}${digits}`,
        `${header}.${claims}.${digits}`,
        `not the custom key ${index}`.replaceAll(' ', '-'),
      ];
      await Promise.all(wrong.map((text) => expect(auth.verify(text)).rejects.toBeInstanceOf(InvalidTokenError)));
    }
    calls.length = 0;
    keyCalls.length = 0;
    for (const kind of TOKEN_KINDS) expect(await auth.verify(tokens[kind])).toMatchObject({ kind });
    // They are warm as before: what was wrong has taken no place from what was right.
    expect([...calls, ...keyCalls]).toEqual([]);
  });

  it('makes the store of the keys work once a second, whatever ids of keys they name (unknown kid)', async () => {
    const installation = setUpEveryKind();
    const { auth, calls, keyCalls } = installation;
    const [, claims, signature] = (await makeEveryKind(installation)).access.split('.');
    await installation.keys.signer();
    calls.length = 0;
    keyCalls.length = 0;
    for (let index = 0; index < 100; index++) {
      const header = Buffer.from(JSON.stringify({ alg: 'EdDSA', typ: 'at+jwt', kid: `made up ${index}` }));
      await expect(auth.verify(`${header.toString('base64url')}.${claims}.${signature}`)).rejects.toMatchObject({
        code: 'AUTH_TOKEN_UNKNOWN',
      });
    }
    expect([...calls, ...keyCalls]).toEqual(['list']);
  });

  it('of an old secret raises an alarm and revokes nothing (revocation of the whole family)', async () => {
    const installation = setUpEveryKind();
    const { auth, operator, events } = installation;
    const { token, record } = await auth.issue({ name: 'ci-bot', grant: CHAT }, operator);
    const exchanged = await auth.exchange({}, await auth.verify(token));
    const rotated = await auth.rotate(record.id, {}, operator);
    for (let index = 0; index < 50; index++) {
      await expect(auth.verify(token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_ROTATED' });
    }
    expect(events.filter(({ type }) => type === 'token.reused')).toHaveLength(1);
    for (const text of [rotated.token, exchanged.token, await attenuateToken(llm, rotated.token, CHAT)]) {
      expect(await auth.verify(text)).toMatchObject({ rootId: record.id });
    }
  });
});
