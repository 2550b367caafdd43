import { afterEach, describe, expect, it, vi } from 'vitest';
import { attenuateToken, type TokenKind } from '../../src/index.ts';
import { llm } from '../words.ts';
import { GRANT, makeEveryKind, setUpEveryKind } from './every-kind.ts';

afterEach(() => void vi.restoreAllMocks());

/** Notes every computation with a key, which goes on as it is. */
function watchComputations(): string[] {
  const computed: string[] = [];
  const { subtle } = crypto;
  for (const name of ['sign', 'verify', 'decrypt', 'digest'] as const) {
    const original = subtle[name].bind(subtle) as (...input: unknown[]) => Promise<unknown>;
    vi.spyOn(subtle, name).mockImplementation((...input: unknown[]) => {
      computed.push(name);
      return original(...input) as never;
    });
  }
  return computed;
}

/** The same text with another character at a place, counted from the end where that is negative. */
function changeAt(text: string, place: number): string {
  const index = place < 0 ? text.length + place : place;
  const other = text[index] === '0' ? '1' : '0';
  return text.slice(0, index) + other + text.slice(index + 1);
}

describe('an unknown id and a wrong secret take the same work (timing oracles)', () => {
  it.each<[TokenKind, (text: string) => readonly string[]]>([
    ['api-key', (text) => [changeAt(text, 7), changeAt(text, -20), changeAt(text, -1)]],
    ['legacy', (text) => [changeAt(text, 1), changeAt(text, 11), changeAt(text, -1)]],
    // It has no id: all that is wrong is the whole of it, from its first character to its last.
    ['custom', (text) => [changeAt(text, 0), changeAt(text, 10), changeAt(text, -1)]],
    ['attenuated', (text) => [changeAt(text, 5), changeAt(text, -64), changeAt(text, -1)]],
  ])('of kind %s', async (kind, wrong) => {
    const installation = setUpEveryKind({ cacheMilliseconds: 0 });
    const { auth, calls } = installation;
    const tokens = await makeEveryKind(installation);
    await auth.verify(tokens[kind]);
    const computed = watchComputations();
    const work: string[] = [];
    for (const text of wrong(tokens[kind])) {
      calls.length = 0;
      computed.length = 0;
      await expect(auth.verify(text)).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
      work.push(JSON.stringify({ calls, computed }));
    }
    expect(JSON.parse(work[0] ?? '')).toEqual({ calls: ['find', 'find'], computed: expect.arrayContaining(['sign']) });
    expect(new Set(work).size).toBe(1);
  });

  it('of a personal access token, whose id is inside of it', async () => {
    const installation = setUpEveryKind({ cacheMilliseconds: 0 });
    const { auth, operator, calls } = installation;
    const issue = { name: 'laptop', kind: 'personal-access' as const, grant: GRANT };
    const [first, second] = [await auth.issue(issue, operator), await auth.issue(issue, operator)];
    const unknown = setUpEveryKind();
    const elsewhere = await unknown.auth.issue(issue, unknown.operator);
    const computed = watchComputations();
    const work: string[] = [];
    const [header, claims] = first.token.split('.');
    for (const text of [elsewhere.token, `${header}.${claims}.${second.token.split('.')[2]}`]) {
      calls.length = 0;
      computed.length = 0;
      await expect(auth.verify(text)).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
      work.push(JSON.stringify({ calls, computed }));
    }
    expect(new Set(work)).toEqual(new Set([JSON.stringify({ calls: ['find', 'find'], computed: ['sign'] })]));
  });

  it('of what was derived from a token that has a former secret, too', async () => {
    const installation = setUpEveryKind({ cacheMilliseconds: 0 });
    const { auth, operator, calls } = installation;
    const { token, record } = await auth.issue({ name: 'ci-bot', grant: GRANT }, operator);
    const once = await auth.issue({ name: 'ci-bot', grant: GRANT }, operator);
    await auth.rotate(record.id, { overlap: { seconds: 60 } }, operator);
    const [known, other] = [await attenuateToken(llm, token, GRANT), await attenuateToken(llm, once.token, GRANT)];
    await auth.verify(known);
    const computed = watchComputations();
    const work: string[] = [];
    for (const text of [changeAt(known, 5), changeAt(known, -1), changeAt(other, -1)]) {
      calls.length = 0;
      computed.length = 0;
      await expect(auth.verify(text)).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
      work.push(JSON.stringify({ calls, computed: computed.sort() }));
    }
    expect(new Set(work).size).toBe(1);
  });

  it('of what was derived from a custom key that nobody has', async () => {
    const installation = setUpEveryKind({ cacheMilliseconds: 0 });
    const { auth, calls } = installation;
    const tokens = await makeEveryKind(installation);
    const [known, guessed] = [
      await attenuateToken(llm, tokens.custom, GRANT),
      await attenuateToken(llm, 'aB3dE5gHaB3dE5gHaB3d', GRANT),
    ];
    const computed = watchComputations();
    const work: string[] = [];
    for (const text of [changeAt(known, -1), guessed]) {
      calls.length = 0;
      computed.length = 0;
      await expect(auth.verify(text)).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
      work.push(JSON.stringify({ calls, computed }));
    }
    expect(new Set(work).size).toBe(1);
  });

  it('of which each looks up one record that is there and one that is not', async () => {
    const { inner, ...installation } = setUpEveryKind();
    const looks: string[] = [];
    const find = async (id: string) => {
      const record = await inner.find(id);
      looks.push(record === undefined ? 'absent' : 'there');
      return record;
    };
    const watched = setUpEveryKind({ store: { ...inner, find }, cacheMilliseconds: 0 });
    const { token } = await installation.auth.issue({ name: 'ci-bot', grant: GRANT }, installation.operator);
    await watched.auth.verify(token);
    for (const place of [7, -20, -1]) {
      looks.length = 0;
      await expect(watched.auth.verify(changeAt(token, place))).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
      expect(looks.sort()).toEqual(['absent', 'there']);
    }
  });
});
