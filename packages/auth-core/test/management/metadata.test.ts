import { describe, expect, it } from 'vitest';
import { attenuateToken, type Grant } from '../../src/index.ts';
import { llm } from '../words.ts';
import { createManagedAuth, makePrincipal } from './managed-auth.ts';

const metadata = { customer: 'acme', plan: { seats: 3, features: ['a', 'b'] } };
const ALL = llm.everything;
const MANAGER: Grant = { actions: ['chat', 'tokens:read', 'tokens:write'], models: ['*'] };

describe('metadata of a token', () => {
  it('is kept, listed and shown, and its principal has it', async () => {
    const { auth, operator } = createManagedAuth();
    const { token, record } = await auth.issue({ name: 'ci', grant: ALL, metadata }, operator);
    expect(record.metadata).toEqual(metadata);
    expect((await auth.list(operator))[0]?.metadata).toEqual(metadata);
    expect((await auth.show(record.id, operator)).metadata).toEqual(metadata);
    const principal = await auth.verify(token);
    expect(principal.metadata).toEqual(metadata);
    expect(Object.isFrozen(principal.metadata?.plan)).toBe(true);
    expect((await auth.refresh(principal)).metadata).toEqual(metadata);
    const { record: plain, token: other } = await auth.issue({ name: 'ci', grant: ALL }, operator);
    expect(plain).not.toHaveProperty('metadata');
    expect(await auth.verify(other)).not.toHaveProperty('metadata');
  });

  it('is replaced and removed by an edit, at once for who holds the token, and survives a rotation', async () => {
    const { auth, operator } = createManagedAuth();
    const { token, record } = await auth.issue({ name: 'ci', grant: ALL, metadata }, operator);
    const before = await auth.verify(token);
    await auth.edit(record.id, { metadata: { plan: 'pro' } }, operator);
    expect((await auth.verify(token)).metadata).toEqual({ plan: 'pro' });
    expect((await auth.refresh(before)).metadata).toEqual({ plan: 'pro' });
    const rotated = await auth.rotate(record.id, {}, operator);
    expect((await auth.verify(rotated.token)).metadata).toEqual({ plan: 'pro' });
    await auth.edit(record.id, { name: 'renamed' }, operator);
    expect((await auth.show(record.id, operator)).metadata).toEqual({ plan: 'pro' });
    const held = await auth.verify(rotated.token);
    await auth.edit(record.id, { metadata: null }, operator);
    expect(await auth.verify(rotated.token)).not.toHaveProperty('metadata');
    expect(await auth.refresh(held)).not.toHaveProperty('metadata');
  });

  it('of a token is a copy in what that token issues', async () => {
    const { auth, operator } = createManagedAuth();
    const by = await makePrincipal(auth, MANAGER, { metadata });
    const made = await auth.issue({ name: 'made', grant: { actions: ['chat'], models: ['*'] } }, by);
    expect(made.record.metadata).toEqual(metadata);
    await auth.edit(by.id, { metadata: { customer: 'other' } }, operator);
    expect((await auth.verify(made.token)).metadata).toEqual(metadata);
  });

  it('of a token is always the present one in what is derived from it', async () => {
    const { auth, operator } = createManagedAuth();
    const { token, record } = await auth.issue({ name: 'ci', grant: ALL, metadata }, operator);
    const narrower = await attenuateToken(llm, token, MANAGER);
    const derived = await auth.verify(narrower);
    const exchanged = await auth.exchange({}, derived);
    const issued = await auth.issue({ name: 'made', grant: { actions: ['chat'], models: ['*'] } }, derived);
    expect(issued.record).not.toHaveProperty('metadata');
    for (const text of [narrower, exchanged.token, issued.token]) {
      expect((await auth.verify(text)).metadata).toEqual(metadata);
    }
    await auth.edit(record.id, { metadata: { customer: 'other' } }, operator);
    for (const text of [narrower, exchanged.token, issued.token]) {
      expect((await auth.verify(text)).metadata).toEqual({ customer: 'other' });
    }
    await auth.edit(exchanged.record.id, { metadata: { own: true } }, operator);
    expect((await auth.verify(exchanged.token)).metadata).toEqual({ own: true });
  });

  it('is chosen only by a principal with every action, also its own', async () => {
    const { auth } = createManagedAuth();
    const by = await makePrincipal(auth, MANAGER, { metadata });
    const grant: Grant = { actions: ['chat'], models: ['*'] };
    const refused = expect.objectContaining({ code: 'AUTH_GRANT_NOT_COVERED' });
    await expect(auth.issue({ name: 'made', grant, metadata: { customer: 'other' } }, by)).rejects.toEqual(refused);
    for (const change of [{ customer: 'other' }, null]) {
      await expect(auth.edit(by.id, { metadata: change }, by)).rejects.toEqual(refused);
    }
  });

  it('is bounded JSON', async () => {
    const { auth, operator } = createManagedAuth();
    const deep = (levels: number): object => (levels === 0 ? {} : { a: deep(levels - 1) });
    for (const wrong of [{ a: 'x'.repeat(4097) }, { a: '漢'.repeat(1400) }, deep(9), { a: () => 1 }, [], 'text', 7]) {
      const given = wrong as never;
      const refused = expect.objectContaining({ code: 'AUTH_INPUT_INVALID' });
      await expect(auth.issue({ name: 'ci', grant: ALL, metadata: given }, operator)).rejects.toEqual(refused);
      const { record } = await auth.issue({ name: 'ci', grant: ALL }, operator);
      await expect(auth.edit(record.id, { metadata: given }, operator)).rejects.toEqual(refused);
    }
    const largest = { a: 'x'.repeat(4088) };
    expect((await auth.issue({ name: 'ci', grant: ALL, metadata: largest }, operator)).record.metadata).toEqual(
      largest,
    );
  });

  it('is not what the caller still holds', async () => {
    const { auth, operator } = createManagedAuth();
    const given = { customer: 'acme' };
    const { token } = await auth.issue({ name: 'ci', grant: ALL, metadata: given }, operator);
    given.customer = 'other';
    expect((await auth.verify(token)).metadata).toEqual({ customer: 'acme' });
  });

  it('is in the audit log by a digest and its names', async () => {
    const { auth, operator, events } = createManagedAuth();
    const { record } = await auth.issue({ name: 'ci', grant: ALL, metadata }, operator);
    const digest = expect.stringMatching(/^[0-9a-f]{64}$/);
    const described = { digest, names: ['customer', 'plan'] };
    expect(events.at(-1)).toMatchObject({ type: 'token.issued', details: { metadata: described } });
    await auth.edit(record.id, { metadata: null }, operator);
    expect(events.at(-1)).toMatchObject({
      details: { changed: ['metadata'], metadata: { from: described, to: null } },
    });
    await auth.edit(record.id, { metadata: { customer: 'acme' } }, operator);
    const added = { from: null, to: { digest, names: ['customer'] } };
    expect(events.at(-1)).toMatchObject({ details: { changed: ['metadata'], metadata: added } });
    expect(JSON.stringify(events)).not.toContain('acme');
  });
});
