import { attenuateToken, type StoredTokenKind } from '@latchkey/auth-core';
import { type Grant, llm } from '@latchkey/auth-core/llm';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type Api, createApi } from '../support/api.ts';
import { enginePid, LONG_TALK } from '../support/engine.ts';
import type { Json } from '../support/json.ts';
import { exchange, TOKEN_TYPES } from '../support/oauth.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { CHAT_GRANT } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let server: TestServer;
let switches: readonly [Held, Held];
beforeAll(async () => {
  server = await startServer();
  const grant = { actions: ['settings:write'] };
  switches = [await make('legacy', { grant }), await make('personal-access', { grant })];
});
afterAll(() => server[Symbol.asyncDispose]());

/** The kinds that callers send in headers. */
type Kind = Exclude<StoredTokenKind, 'place-bound'>;

const SHAPES: Readonly<Record<Kind, RegExp>> = {
  'api-key': /^sk-lm-[A-Za-z0-9]{8}:[A-Za-z0-9]{20}$/,
  custom: /^Zq7-/,
  'personal-access': /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/,
  legacy: /^[0-9a-f]{40}$/,
};
const KINDS = Object.keys(SHAPES) as Kind[];
let keys = 0;

interface Held extends Api {
  readonly id: string;
  readonly token: string;
}
const hold = (token: string, id = ''): Held => ({ ...createApi(server.url, token), token, id });

async function make(kind: Kind, more: Record<string, unknown> = {}): Promise<Held> {
  const secret = kind === 'custom' ? { secret: `Zq7-vT9qLm2xWz7RbKd4HsYc-${++keys}` } : {};
  const { status, body } = await server.admin.post('/api/v1/tokens', {
    name: kind,
    kind,
    grant: CHAT_GRANT,
    ...secret,
    ...more,
  });
  expect(status, JSON.stringify(body)).toBe(201);
  return hold(body.token, body.id);
}

const whoami = (holder: Api): ReturnType<Api['get']> => holder.get('/api/v1/whoami');
const refusal = (code: string): object => ({ status: 401, body: { error: { code } } });
/** By a token of another kind: one that switches its own off could not switch it on again. */
async function switchKind(kind: Kind, on: boolean): Promise<void> {
  const { status } = await switches[kind === 'legacy' ? 1 : 0].patch('/api/v1/settings', {
    tokenKinds: { [kind]: on },
  });
  expect(status).toBe(200);
}

describe('the kinds of tokens', () => {
  for (const kind of KINDS) {
    verifies(
      'kinds.work',
      async () => {
        const holder = await make(kind);
        expect(holder.token).toMatch(SHAPES[kind]);
        expect((await whoami(holder)).body).toMatchObject({ id: holder.id, kind, name: kind, project: null });
        expect((await holder.chat({ input: 'Hello' })).status).toBe(200);
        for (const headers of [{ Authorization: `Token ${holder.token}` }, { 'x-api-key': holder.token }]) {
          const answer = await createApi(server.url, undefined).request('GET', '/api/v1/whoami', undefined, headers);
          expect(answer.body).toMatchObject({ id: holder.id });
        }
      },
      kind,
    );
    verifies(
      'kinds.switched-off',
      async () => {
        const holder = await make(kind);
        await whoami(holder);
        await switchKind(kind, false);
        expect(await whoami(holder)).toMatchObject(refusal('token_kind_disabled'));
        await switchKind(kind, true);
        expect((await whoami(holder)).status).toBe(200);
      },
      kind,
    );
    verifies(
      'kinds.revoked',
      async () => {
        const holder = await make(kind);
        expect((await server.admin.post(`/api/v1/tokens/${holder.id}/revoke`, undefined)).status).toBe(200);
        expect(await whoami(holder)).toMatchObject(refusal('token_revoked'));
      },
      kind,
    );
  }

  verifies('kinds.custom-strength', async () => {
    const body = { name: 'x', kind: 'custom', grant: CHAT_GRANT, secret: 'lms_local_dev_key_2026' };
    const refused = { status: 400, body: { error: { code: 'invalid_value', param: 'secret' } } };
    expect(await server.admin.post('/api/v1/tokens', body)).toMatchObject(refused);
    const forced = await server.admin.post('/api/v1/tokens', { ...body, force: true });
    expect((await whoami(hold(forced.body.token))).body.id).toBe(forced.body.id);
    expect((await server.admin.post('/api/v1/tokens', { ...body, force: true })).status).toBe(409);
  });

  verifies('kinds.legacy-visible', async () => {
    const holder = await make('legacy');
    expect((await server.admin.get(`/api/v1/tokens/${holder.id}`)).body.token).toBe(holder.token);
    const other = await make('legacy', { owner: 'ada' });
    expect((await server.admin.get(`/api/v1/tokens/${other.id}`)).body).not.toHaveProperty('token');
    expect(JSON.stringify((await server.admin.get('/api/v1/tokens')).body)).not.toContain(holder.token);
  });
});

describe('a token that was derived', () => {
  /** Each way of getting a narrower token of an API key. */
  const WAYS: Readonly<Record<string, (token: string) => Promise<string>>> = {
    'attenuated offline': (token) => attenuateToken(llm, token, CHAT_GRANT),
    'attenuated twice': async (token) => attenuateToken(llm, await attenuateToken(llm, token, CHAT_GRANT), CHAT_GRANT),
    'an access token': async (token) => (await exchange(server.url, token, {})).body.access_token,
    'an exchanged key': async (token) =>
      (await exchange(server.url, token, { requested_token_type: TOKEN_TYPES.apiKey })).body.access_token,
    'an exchanged key of an attenuated one': async (token) => {
      const narrower = await attenuateToken(llm, token, CHAT_GRANT);
      return (await exchange(server.url, narrower, { requested_token_type: TOKEN_TYPES.apiKey })).body.access_token;
    },
  };

  for (const [name, derive] of Object.entries(WAYS)) {
    verifies(
      'derived.narrower',
      async () => {
        const parent = await make('api-key', {
          grant: { ...CHAT_GRANT, actions: ['chat', 'models:read', 'usage:read'] },
        });
        const narrow = hold(await attenuateToken(llm, parent.token, CHAT_GRANT));
        const child = hold(await derive(narrow.token));
        expect((await child.chat({ input: 'Hello' })).status).toBe(200);
        expect((await parent.get('/api/v1/usage')).status).toBe(200);
        expect((await child.get('/api/v1/usage')).status).toBe(403);
        expect((await whoami(child)).body).toMatchObject({ rootId: parent.id, owner: 'operator' });
      },
      name,
    );
    verifies(
      'derived.ends-with-parent',
      async () => {
        const parent = await make('api-key');
        const child = hold(await derive(parent.token));
        await enginePid(server);
        const stream = await child.stream(LONG_TALK);
        await stream.until('message.delta');
        await server.admin.delete(`/api/v1/tokens/${parent.id}`);
        const error = (await stream.all()).find(({ name: type }) => type === 'error');
        expect(error?.data).toMatchObject({ error: { code: 'token_revoked' } });
        expect(await whoami(child)).toMatchObject(refusal('token_revoked'));
      },
      name,
    );
    verifies(
      'derived.by-possession',
      async () => {
        const parent = await make('api-key');
        const child = hold(await derive(parent.token));
        expect((await child.post('/api/v1/tokens/revoke-self', undefined)).status).toBe(200);
        expect(await whoami(child)).toMatchObject(refusal('token_revoked'));
        expect((await whoami(parent)).status).toBe(200);
      },
      name,
    );
  }

  verifies('derived.caveat-ends', async () => {
    const parent = await make('api-key');
    const expiresAt = new Date(Date.now() + 1200).toISOString();
    const child = hold(await attenuateToken(llm, parent.token, { ...CHAT_GRANT, expiresAt }));
    expect((await whoami(child)).body.expiresAt).toBe(expiresAt);
    await expect.poll(() => whoami(child)).toMatchObject(refusal('token_expired'));
    expect((await whoami(parent)).status).toBe(200);
  });

  verifies('derived.issues-derived', async () => {
    const grant: Grant = { ...CHAT_GRANT, actions: ['chat', 'tokens:write'] };
    const parent = await make('api-key', { grant });
    const child = hold(await attenuateToken(llm, parent.token, grant));
    const made = await child.post('/api/v1/tokens', { name: 'grandchild', grant: { actions: ['chat'] } });
    expect(made.body).toMatchObject({ parentId: parent.id });
    await server.admin.delete(`/api/v1/tokens/${parent.id}`);
    expect(await whoami(hold(made.body.token))).toMatchObject(refusal('token_revoked'));
  });
});

describe('the life of a token', () => {
  for (const kind of ['api-key', 'personal-access', 'legacy'] as const) {
    verifies(
      'life.rotate-overlap',
      async () => {
        const old = await make(kind);
        const rotated = await server.admin.post(`/api/v1/tokens/${old.id}/rotate`, { overlap: '1h' });
        expect(rotated.body).toMatchObject({ id: old.id, overlapEndsAt: expect.any(String) });
        const fresh = hold(rotated.body.token);
        for (const holder of [old, fresh, old]) expect((await whoami(holder)).body.id).toBe(old.id);
        const again = await server.admin.post(`/api/v1/tokens/${old.id}/rotate`, {});
        expect(await whoami(fresh)).toMatchObject(refusal('token_rotated'));
        expect((await whoami(hold(again.body.token))).body.id).toBe(old.id);
      },
      kind,
    );
    verifies(
      'life.rotate-first-use',
      async () => {
        const old = await make(kind);
        const rotated = await server.admin.post(`/api/v1/tokens/${old.id}/rotate`, { overlap: 'until-first-use' });
        expect(rotated.body.overlapEndsAt).toBe('first-use');
        expect((await whoami(old)).status).toBe(200);
        expect((await whoami(hold(rotated.body.token))).status).toBe(200);
        await expect.poll(() => whoami(old)).toMatchObject(refusal('token_rotated'));
      },
      kind,
    );
  }

  verifies('life.notes', async () => {
    const holder = await make('api-key', { notes: 'for the nightly build', rotateAfter: '30d' });
    const { body } = await server.admin.get(`/api/v1/tokens/${holder.id}`);
    const due = Date.parse(body.createdAt) + 30 * 86_400_000;
    expect(body).toMatchObject({ notes: 'for the nightly build', rotateAfter: new Date(due).toISOString() });
    expect(body.rotationDue).toBe(false);
    const edited = await server.admin.patch(`/api/v1/tokens/${holder.id}`, { notes: null, rotateAfter: 1 });
    expect(edited.body).not.toHaveProperty('notes');
  });

  verifies('life.bulk-revoke', async () => {
    const [ada, bob, web] = await Promise.all([
      make('api-key', { owner: 'ada-l' }),
      make('api-key', { owner: 'bob' }),
      make('api-key', { owner: 'bob', project: 'web' }),
    ]);
    const byOwner = await server.admin.post('/api/v1/tokens/revoke', { owner: 'ada-l' });
    expect(byOwner.body.revoked.map(({ id }: Json) => id)).toEqual([ada.id]);
    expect(await whoami(ada)).toMatchObject(refusal('token_revoked'));
    const byProject = await server.admin.post('/api/v1/tokens/revoke', { project: 'web' });
    expect(byProject.body.revoked.map(({ id }: Json) => id)).toEqual([web.id]);
    expect((await whoami(bob)).status).toBe(200);
    expect((await server.admin.post('/api/v1/tokens/revoke', {})).status).toBe(400);
    expect((await whoami(server.admin)).status).toBe(200);
  });

  verifies('life.reasons', async () => {
    const expiresAt = new Date(Date.now() + 1000).toISOString();
    const holder = await make('api-key', { expiresAt });
    await expect.poll(() => whoami(holder)).toMatchObject(refusal('token_expired'));
    const narrow = await make('api-key', { grant: { actions: ['models:read'], models: ['*'] } });
    expect((await narrow.chat({ input: 'Hi' })).body.error).toMatchObject({
      code: 'permission_denied',
      details: { code: 'AUTH_PERMISSION_DENIED', grant: 2, source: 'token api-key', rule: 'actions' },
    });
  });
});
