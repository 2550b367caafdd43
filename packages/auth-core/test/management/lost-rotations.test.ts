import { describe, expect, it } from 'vitest';
import { attenuateToken, type RotateInput } from '../../src/index.ts';
import { llm } from '../words.ts';
import { code, createManagedAuth } from './managed-auth.ts';

const INPUT = { name: 'bot', grant: { actions: ['chat'] } } as const;

/** A token that rotates itself again and again; the answers are lost. */
async function setUp(times: number, overlap: NonNullable<RotateInput['overlap']>) {
  const managed = createManagedAuth();
  const { auth, operator } = managed;
  const { token, record } = await auth.issue(INPUT, operator);
  const lost: string[] = [];
  for (let time = 0; time < times; time++) {
    lost.push((await auth.rotate(record.id, { overlap }, await auth.verify(token))).token);
  }
  return { ...managed, token, id: record.id, lost };
}

describe.each([['until-first-use'], [{ seconds: 60 }]] as const)(
  'rotations whose answers are lost, with overlap %j',
  (overlap) => {
    it('leave the secret that the client has valid, and it can try again', async () => {
      const { auth, token, id, lost } = await setUp(3, overlap);
      expect(await auth.verify(token)).toMatchObject({ id });
      expect(await auth.verify(lost.at(-1))).toMatchObject({ id });
    });

    it('leave what was derived from that secret valid', async () => {
      const { auth, token } = await setUp(2, overlap);
      const narrower = await attenuateToken(llm, token, INPUT.grant);
      expect(await auth.verify(narrower)).toMatchObject({ kind: 'attenuated' });
    });

    it('give the retry what the token is, and not what is left of the overlap', async () => {
      const { auth, token, id, clock } = await setUp(1, overlap);
      clock.advance(30_000);
      const { token: renewed, record } = await auth.rotate(id, {}, await auth.verify(token));
      expect(record.expiresAt).toBeUndefined();
      clock.advance(86_400_000);
      expect(await auth.verify(renewed)).toMatchObject({ id });
    });
  },
);

describe('the first use of a secret', () => {
  it('ends those that are older, and leaves those that are newer', async () => {
    const { auth, token, id, lost } = await setUp(3, 'until-first-use');
    const [first = '', second = '', third = ''] = lost;
    expect(await auth.verify(second)).toMatchObject({ id });
    for (const text of [token, first]) await expect(auth.verify(text)).rejects.toThrow(code('AUTH_TOKEN_ROTATED'));
    expect(await auth.verify(third)).toMatchObject({ id });
    await expect(auth.verify(second)).rejects.toThrow(code('AUTH_TOKEN_ROTATED'));
  });

  it('ends them also where it is what was derived from it that is used', async () => {
    const { auth, token, lost } = await setUp(2, 'until-first-use');
    await auth.verify(await attenuateToken(llm, lost[1] ?? '', INPUT.grant));
    for (const text of [token, lost[0]]) await expect(auth.verify(text)).rejects.toThrow(code('AUTH_TOKEN_ROTATED'));
  });

  it('lets one with an end run on, and not rotate the token again', async () => {
    const { auth, token, id, lost } = await setUp(1, { seconds: 60 });
    await auth.verify(lost[0]);
    const former = await auth.verify(token);
    await expect(auth.rotate(id, {}, former)).rejects.toThrow(code('AUTH_GRANT_NOT_COVERED'));
  });
});

describe('secrets that are valid side by side', () => {
  it('end together when the token is to have one only', async () => {
    const { auth, operator, token, id, lost } = await setUp(3, 'until-first-use');
    await auth.rotate(id, {}, operator);
    for (const text of [token, ...lost])
      await expect(auth.verify(text)).rejects.toMatchObject({
        code: expect.stringMatching(/^AUTH_TOKEN_(ROTATED|UNKNOWN)$/),
      });
  });

  it('are at most eight besides the one that is new', async () => {
    const { auth, token, id } = await setUp(8, 'until-first-use');
    const attempt = auth.rotate(id, { overlap: 'until-first-use' }, await auth.verify(token));
    await expect(attempt).rejects.toThrow(code('AUTH_CONFLICT'));
    expect(await auth.verify(token)).toMatchObject({ id });
  });

  it('show in the record for how long there is any', async () => {
    const { auth, operator, id, lost } = await setUp(2, { seconds: 60 });
    expect((await auth.show(id, operator)).overlapEndsAt).toBe('2027-01-01T00:01:00.000Z');
    await auth.rotate(id, { overlap: 'until-first-use' }, operator);
    expect((await auth.show(id, operator)).overlapEndsAt).toBe('first-use');
    expect(lost).toHaveLength(2);
  });
});
