import { describe, expect, it } from 'vitest';
import { type AuditSink, attenuateToken, createAuth, type RotateInput } from '../../src/index.ts';
import { createReuseAlarm } from '../../src/verification/reuse-alarm.ts';
import { llm } from '../words.ts';
import { CHAT, code, digestKey, setUpVerification } from './verified-auth.ts';

async function setUp(overlap?: RotateInput['overlap']) {
  const world = await setUpVerification();
  const { auth, record, calls, events } = world;
  const rotated = await auth.rotate(record.id, overlap === undefined ? {} : { overlap }, auth.operator());
  calls.length = 0;
  events.length = 0;
  return { ...world, renewed: rotated.token };
}

describe('the former secret of a token', () => {
  it('ends at once when nothing else was asked for', async () => {
    const { auth, token, renewed, record } = await setUp();
    expect(await auth.verify(renewed)).toMatchObject({ id: record.id });
    await expect(auth.verify(token)).rejects.toThrow(code('AUTH_TOKEN_ROTATED'));
  });

  it('counts for as long as was asked for, kept warm or not', async () => {
    const { auth, token, renewed, clock, record } = await setUp({ seconds: 60 });
    await auth.verify(renewed);
    clock.advance(59_900);
    expect(await auth.verify(token)).toMatchObject({ id: record.id });
    clock.advance(99);
    expect(await auth.verify(token)).toMatchObject({ id: record.id });
    clock.advance(1);
    await expect(auth.verify(token)).rejects.toThrow(code('AUTH_TOKEN_ROTATED'));
    expect(await auth.verify(renewed)).toMatchObject({ id: record.id });
  });

  it('counts until the present one is first used, and no longer', async () => {
    const { auth, token, renewed, clock, inner, record } = await setUp('until-first-use');
    clock.advance(1_000_000_000);
    expect(await auth.verify(token)).toMatchObject({ id: record.id });
    const endsAt = clock().toISOString();
    await auth.verify(renewed);
    await expect(auth.verify(token)).rejects.toThrow(code('AUTH_TOKEN_ROTATED'));
    expect((await inner.find(record.id))?.previous).toMatchObject({ endsAt });
  });

  it('ends before the use of the present one counts', async () => {
    const { auth, token, renewed, failing } = await setUp('until-first-use');
    failing.add('update');
    await expect(auth.verify(renewed)).rejects.toThrow(code('AUTH_STORE_UNAVAILABLE'));
    expect(await auth.verify(token)).toMatchObject({ name: 'ci-bot' });
  });

  it('ends once, whatever else is changed meanwhile', async () => {
    const { auth, token, renewed, store, record, changeElsewhere, inner } = await setUp('until-first-use');
    const { update } = store;
    let edits = 0;
    store.update = async (next, version) => {
      if (edits++ < 3) await changeElsewhere(record.id, { notes: `edit ${edits}` });
      return update(next, version);
    };
    await auth.verify(renewed);
    expect(await inner.find(record.id)).toMatchObject({ notes: 'edit 3', previous: { endsAt: expect.any(String) } });
    await expect(auth.verify(token)).rejects.toThrow(code('AUTH_TOKEN_ROTATED'));
  });

  it('was ended by another process in the same moment', async () => {
    const { auth, renewed, store, record, changeElsewhere, inner, calls } = await setUp('until-first-use');
    const { update } = store;
    store.update = async (next, version) => {
      await changeElsewhere(record.id, { previous: next.previous! });
      return update(next, version);
    };
    expect(await auth.verify(renewed)).toMatchObject({ id: record.id });
    expect(calls).toEqual(['find', 'update', 'find']);
    expect((await inner.find(record.id))?.version).toBe(3);
  });

  it('is refused when a newer one is used in the same moment in which it ends those before it', async () => {
    const { auth, renewed: between, store, record } = await setUp('until-first-use');
    const { token: newest } = await auth.rotate(record.id, { overlap: 'until-first-use' }, auth.operator());
    const { update } = store;
    let isFirst = true;
    store.update = async (...change) => {
      const before = isFirst;
      isFirst = false;
      if (before) await auth.verify(newest);
      return update(...change);
    };
    await expect(auth.verify(between)).rejects.toThrow(code('AUTH_TOKEN_ROTATED'));
  });

  it('is left alone when it is no longer the one before: the token was rotated again in the same moment', async () => {
    const { auth, renewed, store, record, changeElsewhere, inner, clock } = await setUp('until-first-use');
    const { update } = store;
    const { digest } = (await inner.find(record.id))!;
    store.update = async (next, version) => {
      const rotatedAt = new Date(clock().getTime() + 1).toISOString();
      await changeElsewhere(record.id, { digest: '0'.repeat(64), previous: { digest }, rotatedAt });
      return update(next, version);
    };
    expect(await auth.verify(renewed)).toMatchObject({ id: record.id });
    expect((await inner.find(record.id))?.previous).toEqual({ digest });
  });

  it('lets nobody in when the token never holds still', async () => {
    const { auth, renewed, store, record, changeElsewhere } = await setUp('until-first-use');
    const { update } = store;
    store.update = async (next, version) => {
      await changeElsewhere(record.id, {});
      return update(next, version);
    };
    await expect(auth.verify(renewed)).rejects.toThrow(code('AUTH_STORE_UNAVAILABLE'));
  });

  it('lets nobody in when the token is gone meanwhile', async () => {
    const { auth, renewed, store } = await setUp('until-first-use');
    const { find } = store;
    store.update = async () => {
      store.find = async () => undefined;
      return false;
    };
    await expect(auth.verify(renewed)).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
    store.find = find;
  });

  it('is not ended by a use of the present one that was refused', async () => {
    const { auth, token, renewed, record, clock, changeElsewhere } = await setUp('until-first-use');
    await changeElsewhere(record.id, { revokedAt: clock().toISOString() });
    await expect(auth.verify(renewed)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
    await expect(auth.verify(token)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
  });

  it('does not count when its end cannot be read', async () => {
    const { auth, token, record, changeElsewhere, inner } = await setUp({ seconds: 60 });
    const { previous } = (await inner.find(record.id))!;
    await changeElsewhere(record.id, { previous: { ...previous!, endsAt: 'soon' } });
    await expect(auth.verify(token)).rejects.toThrow(code('AUTH_TOKEN_ROTATED'));
  });

  it('takes the same work as that of a token without one', async () => {
    const { auth, token, calls } = await setUp({ seconds: 60 });
    await auth.verify(token);
    await auth.verify(token.replace(/:.*/, ':BBBBBBBBBBBBBBBBBBBB')).catch(() => undefined);
    expect(calls).toEqual(['find', 'find', 'find']);
  });
});

describe('what was derived from a former secret', () => {
  it('ends with it', async () => {
    const { auth, token, clock } = await setUp({ seconds: 60 });
    const narrower = await attenuateToken(llm, token, CHAT);
    const expiresAt = new Date(clock().getTime() + 60_000).toISOString();
    clock.advance(59_900);
    expect(await auth.verify(narrower)).toMatchObject({ kind: 'attenuated', expiresAt });
    clock.advance(100);
    await expect(auth.verify(narrower)).rejects.toThrow(code('AUTH_TOKEN_ROTATED'));
  });

  it('proves nothing when the secret ended at once', async () => {
    const { auth, token } = await setUp();
    await expect(auth.verify(await attenuateToken(llm, token, CHAT))).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
  });

  it('ends when what was derived from the present one is first used', async () => {
    const { auth, token, renewed } = await setUp('until-first-use');
    const narrower = await attenuateToken(llm, token, CHAT);
    await auth.verify(narrower);
    expect(await auth.verify(await attenuateToken(llm, renewed, CHAT))).toMatchObject({ kind: 'attenuated' });
    for (const former of [token, narrower]) {
      await expect(auth.verify(former)).rejects.toThrow(code('AUTH_TOKEN_ROTATED'));
    }
  });
});

describe('the use of a former secret after its end', () => {
  const REUSED = { type: 'token.reused', actor: { name: 'ci-bot', owner: 'operator' } };

  it('raises an alarm, once a minute for each rotation', async () => {
    const { auth, token, clock, events, record } = await setUp();
    for (let second = 0; second < 60; second++) {
      await auth.verify(token).catch(() => undefined);
      clock.advance(1000);
    }
    expect(events).toMatchObject([{ ...REUSED, subject: record.id, details: { rotatedAt: expect.any(String) } }]);
    await auth.verify(token).catch(() => undefined);
    expect(events).toHaveLength(2);
  });

  it('raises another one after the next rotation, however soon that is', async () => {
    const { auth, token, clock, events, record } = await setUp();
    await auth.verify(token).catch(() => undefined);
    clock.advance(1);
    const second = await auth.rotate(record.id, {}, auth.operator());
    await auth.rotate(record.id, {}, auth.operator());
    await expect(auth.verify(second.token)).rejects.toThrow(code('AUTH_TOKEN_ROTATED'));
    const reused = events.filter(({ type }) => type === 'token.reused');
    expect(reused).toHaveLength(2);
    expect(reused[1]).toMatchObject({ subject: record.id, details: { rotatedAt: clock().toISOString() } });
  });

  it('raises it for what was derived, too, and says which project it concerns', async () => {
    const { auth, token, clock, events, record, changeElsewhere } = await setUp({ seconds: 1 });
    const narrower = await attenuateToken(llm, token, CHAT);
    await changeElsewhere(record.id, { project: 'web' });
    clock.advance(1000);
    await auth.verify(narrower).catch(() => undefined);
    expect(events).toMatchObject([{ ...REUSED, subject: record.id, project: 'web' }]);
    expect(JSON.stringify(events)).not.toContain(token.slice(-20));
  });

  it.each([
    ['rejects', () => Promise.reject(new Error('no disk'))],
    [
      'throws',
      () => {
        throw new Error('no disk');
      },
    ],
  ])('is refused in the same way when the audit %s', async (_, fail) => {
    const audit: AuditSink = (event) => (event.type === 'token.reused' ? fail() : Promise.resolve());
    const { auth, token, record } = await setUpVerification({ audit });
    await auth.rotate(record.id, {}, auth.operator());
    await expect(auth.verify(token)).rejects.toThrow(code('AUTH_TOKEN_ROTATED'));
  });

  it('is refused in the same way without an audit', async () => {
    const { inner, clock, token } = await setUp();
    const auth = createAuth({ vocabulary: llm, store: inner, digestKey, clock });
    await expect(auth.verify(token)).rejects.toThrow(code('AUTH_TOKEN_ROTATED'));
  });

  it('raises the alarm for many tokens without remembering them all', async () => {
    const raised: unknown[] = [];
    const raise = createReuseAlarm(async ({ subject }) => void raised.push(subject));
    const { inner, record } = await setUp();
    const stored = (await inner.find(record.id))!;
    for (let index = 0; index <= 1000; index++) await raise({ ...stored, id: `${index}` }, 0);
    await raise({ ...stored, id: '1000' }, 0);
    await raise({ ...stored, id: '0' }, 0);
    expect(raised.slice(-2)).toEqual(['1000', '0']);
  });
});
