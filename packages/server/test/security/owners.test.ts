import { describe, expect, it } from 'vitest';
import { send } from '../http/in-process-client.ts';
import { newServer } from '../http/new-server.ts';

const GRANT = { actions: ['chat'], models: ['*'] };

describe('whose a token is comes from the token that makes it (owner fields in the body)', () => {
  it.each([{ owner: 'admin' }, { userId: 'admin' }, { user_id: 1 }, { createdBy: 'operator' }, { role: 'admin' }])(
    'and nobody makes any by saying %j without a token',
    async (fields) => {
      const { app, auth } = await newServer();
      for (const path of ['/api/v1/tokens', '/api/token', '/api/v1/tokens/revoke']) {
        const answer = await send(app, { method: 'POST', path, body: { name: 'x', grant: GRANT, ...fields } });
        expect(answer.status).toBe(401);
      }
      expect(await auth.list(auth.operator())).toEqual([]);
    },
  );

  it('and one that may make tokens names no other owner, unless it has every action', async () => {
    const server = await newServer();
    const manager = await server.issue({ actions: ['tokens:write', 'chat'], models: ['*'] });
    const before = (await server.auth.list(server.auth.operator())).length;
    const post = (token: string, fields: object) =>
      send(server.app, { method: 'POST', path: '/api/v1/tokens', token, body: { name: 'x', grant: GRANT, ...fields } });
    expect((await post(manager, { owner: 'somebody-else' })).status).toBe(403);
    for (const field of ['userId', 'id', 'digest', 'createdBy', 'parentId', 'caveats', 'sealed', 'version']) {
      expect((await post(manager, { [field]: 'x' })).status, field).toBe(400);
    }
    expect((await server.auth.list(server.auth.operator())).length).toBe(before);
    const made = await post(manager, {});
    expect(made.json()).toMatchObject({ owner: (await server.auth.verify(manager)).owner });
    const admin = await server.issue({ actions: ['*'], models: ['*'] });
    expect((await post(admin, { owner: 'somebody-else' })).json()).toMatchObject({ owner: 'somebody-else' });
  });
});
