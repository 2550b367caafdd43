import { llm } from '@latchkey/auth-core/llm';
import { describe, expect, it } from 'vitest';
import { send } from '../in-process-client.ts';
import { newServer } from '../new-server.ts';

const EVERYTHING = llm.everything;
const NARROW = { actions: ['usage:read'] };
const SOON = new Date(Date.now() + 3_600_000).toISOString();
const NONE = [{ path: 'administrators', message: expect.stringMatching(/No administrator.*'latchkey admin recover'/) }];
const ENDING = [
  {
    path: 'administrators',
    message: expect.stringMatching(/last administrator.* expires at .*'latchkey admin recover'/),
  },
];

/** A server with one administrator's token, which is of a project where that is asked for, and those beside it. */
async function newInstallation() {
  const server = await newServer();
  const token = await server.issue(EVERYTHING, 'administrator');
  const { id } = (await send(server.app, { path: '/api/v1/whoami', token })).json() as { id: string };
  const ask = async (method: string, path: string, body?: unknown, as = token) =>
    send(server.app, { method, path: `/api/v1/tokens${path}`, token: as, ...(body === undefined ? {} : { body }) });
  return { ...server, id, ask };
}

type Installation = Awaited<ReturnType<typeof newInstallation>>;

const ends: readonly (readonly [string, unknown, (installation: Installation) => ReturnType<typeof send>])[] = [
  ['revoked', NONE, ({ ask, id }) => ask('POST', `/${id}/revoke`)],
  ['revoked by itself', NONE, ({ ask }) => ask('POST', '/revoke-self')],
  ['deleted', NONE, ({ ask, id }) => ask('DELETE', `/${id}`)],
  ['given another grant', NONE, ({ ask, id }) => ask('PATCH', `/${id}`, { grant: NARROW })],
  [
    'bound to a network',
    NONE,
    ({ ask, id }) => ask('PATCH', `/${id}`, { grant: { ...EVERYTHING, networks: ['10.0.0.0/8'] } }),
  ],
  ['given an end', ENDING, ({ ask, id }) => ask('PATCH', `/${id}`, { expiresAt: SOON })],
  ['given an end with its new secret', ENDING, ({ ask, id }) => ask('POST', `/${id}/rotate`, { expiresAt: SOON })],
];

describe("the last administrator's token", () => {
  it.each(ends)('is not %s without a warning, which says the way back', async (_, warnings, end) => {
    const installation = await newInstallation();
    const answer = await end(installation);
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ warnings });
  });

  it.each(ends)('is %s without a warning while another one is there', async (_, __, end) => {
    const installation = await newInstallation();
    await installation.issue(EVERYTHING, 'second');
    const answer = await end(installation);
    expect(answer.status).toBe(200);
    expect(answer.json()).not.toHaveProperty('warnings');
  });

  it.each(['owner', 'project'])('is not revoked with all of its %s without a warning', async (of) => {
    const { auth, ask, app, id } = await newInstallation();
    const operator = auth.operator();
    const its = { owner: 'ada', project: 'books' } as const;
    const { token } = await auth.issue({ name: 'second', grant: llm.everything, ...its }, operator);
    const asks = await auth.issue({ name: 'asks', grant: llm.everything, expiresAt: SOON }, operator);
    expect((await ask('POST', `/${id}/revoke`)).json()).not.toHaveProperty('warnings');
    const filter = { [of]: its[of as keyof typeof its] };
    const answer = await ask('POST', '/revoke', filter, asks.token);
    expect(answer.json()).toMatchObject({ revoked: [{ name: 'second' }], warnings: ENDING });
    expect((await send(app, { path: '/api/v1/whoami', token })).status).toBe(401);
  });

  it('counts no token whose parent has ended', async () => {
    const { auth, ask, id } = await newInstallation();
    const { token } = await auth.issue({ name: 'parent', grant: llm.everything }, auth.operator());
    const parent = await auth.verify(token);
    await auth.exchange({ name: 'child' }, parent);
    await auth.revoke(parent.id, auth.operator());
    expect((await ask('POST', `/${id}/revoke`)).json()).toMatchObject({ warnings: NONE });
  });

  it('is not what others are: their end warns of nothing', async () => {
    const { auth, ask, issue, app } = await newInstallation();
    const token = await issue(NARROW, 'bot');
    const { id } = (await send(app, { path: '/api/v1/whoami', token })).json() as { id: string };
    expect((await ask('PATCH', `/${id}`, { expiresAt: SOON })).json()).not.toHaveProperty('warnings');
    expect((await ask('POST', `/${id}/revoke`)).json()).not.toHaveProperty('warnings');
    expect(await auth.list(auth.operator())).toHaveLength(2);
  });
});
