import { describe, expect, it } from 'vitest';
import { protect } from '../src/adapters/fetch.ts';
import { notify } from '../src/http/index.ts';
import { createAuditLog, createAuth, createMemoryAuditStore, createMemoryTokenStore } from '../src/index.ts';

const digestKey = crypto.getRandomValues(new Uint8Array(32));
const failing: Readonly<Record<string, () => never>> = {
  throws: () => {
    throw new Error('of the host');
  },
  rejects: (() => Promise.reject(new Error('of the host'))) as never,
};

describe.each(Object.entries(failing))('a listener of the host that %s', (_, fails) => {
  it('keeps no token from being revoked, nor another listener from being told', async () => {
    const auth = createAuth({ store: createMemoryTokenStore(), digestKey });
    const told: string[] = [];
    auth.onRevoked(fails);
    auth.onRevoked((id) => told.push(id));
    const { token, record } = await auth.issue({ name: 'bot', grant: { actions: ['usage:read'] } }, auth.operator());
    const { stored } = await auth.revoke(record.id, auth.operator());
    expect({ stored, told }).toEqual({ stored: true, told: [record.id] });
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_REVOKED' });
  });

  it('keeps no note that is lost from being given up quietly', async () => {
    const log = createAuditLog({ store: createMemoryAuditStore(), key: digestKey, onLost: fails });
    await log.close();
    expect(() => log.note({ type: 'request.denied', actor: {}, details: {} })).not.toThrow();
  });

  it('keeps no refusal from being answered', async () => {
    const auth = createAuth({ store: createMemoryTokenStore(), digestKey });
    const protectedBy = protect({ auth, onError: fails });
    const route = protectedBy('usage:read')(() => new Response('in'));
    const answer = await route(new Request('http://here.example/'));
    expect(answer.status).toBe(401);
  });

  it('is called once, with what there is to tell', () => {
    const told: unknown[] = [];
    notify(
      (...values: unknown[]) => {
        told.push(values);
        return fails();
      },
      1,
      'two',
    );
    notify(undefined);
    expect(told).toEqual([[1, 'two']]);
  });
});
