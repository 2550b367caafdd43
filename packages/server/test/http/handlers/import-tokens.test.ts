import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { send } from '../in-process-client.ts';
import { newServer } from '../new-server.ts';

const GRANT = { actions: ['models:read'], models: ['*'] };
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function newImporting() {
  const server = await newServer();
  const admin = await server.issue({ actions: ['*'], models: ['*'] }, 'admin');
  const ask = (body: unknown, token = admin) =>
    send(server.app, { method: 'POST', path: '/api/v1/tokens/import', token, body });
  const whoami = async (token: string) => (await send(server.app, { path: '/api/v1/whoami', token })).json();
  const names = async () =>
    (await server.auth.list(server.auth.operator())).map(({ name }) => name).filter((name) => name !== 'admin');
  return { ...server, admin, ask, whoami, names };
}

describe('POST /api/v1/tokens/import', () => {
  it('takes keys by their hash, which then work with what they may do', async () => {
    const { ask, whoami } = await newImporting();
    const keys = ['sk-earlier-key-of-ada', 'another key'.replace(' ', '_')].map((text, index) => ({
      name: `key ${index}`,
      hash: sha256(text),
      grant: GRANT,
      owner: 'ada',
      notes: 'from the system before',
      rotateAfter: '30d',
    }));
    const answer = await ask({ keys });
    expect([answer.status, answer.json()]).toMatchObject([
      200,
      { dryRun: false, keys: [{ name: 'key 0', outcome: 'imported' }, { outcome: 'imported' }] },
    ]);
    expect(answer.text).not.toContain(keys[0]?.hash);
    expect(await whoami('sk-earlier-key-of-ada')).toMatchObject({ name: 'key 0', owner: 'ada', kind: 'custom' });
    expect(await whoami('another_key')).toMatchObject({ name: 'key 1' });
    expect(await whoami(keys[0]?.hash ?? '')).toHaveProperty('error');
  });

  it('says first what would become of each, and changes nothing', async () => {
    const { ask, names } = await newImporting();
    const known = { name: 'known', hash: sha256('first'), grant: GRANT };
    await ask({ keys: [known] });
    const keys = [
      known,
      { ...known, name: 'new', hash: sha256('second') },
      { ...known, name: 'wrong', hash: 'f00' },
      { ...known, name: 'odd', hash: sha256('third'), grant: { actions: ['fly'] } },
    ];
    const answer = await ask({ keys, dryRun: true });
    expect(answer.json()).toEqual({
      dryRun: true,
      keys: [
        { name: 'known', outcome: 'known' },
        { name: 'new', outcome: 'importable' },
        expect.objectContaining({ name: 'wrong', outcome: 'refused', code: 'AUTH_INPUT_INVALID', param: 'hash' }),
        expect.objectContaining({ name: 'odd', outcome: 'refused', param: 'grant.actions[0]' }),
      ],
    });
    expect(await names()).toEqual(['known']);
  });

  it('gives no key more than its importer may do, nor another owner', async () => {
    const { ask, issue, names } = await newImporting();
    const maker = await issue({ actions: ['tokens:write'] }, 'maker');
    const key = { name: 'x', hash: sha256('first'), grant: { actions: ['tokens:write'] } };
    const keys = [
      { ...key, grant: { actions: ['*'] } },
      { ...key, owner: 'ada' },
    ];
    for (const { outcome, code } of (await ask({ keys }, maker)).json().keys as Record<string, string>[]) {
      expect([outcome, code]).toEqual(['refused', 'AUTH_GRANT_NOT_COVERED']);
    }
    expect(await names()).toEqual(['maker']);
    const reader = await issue({ actions: ['tokens:read'] }, 'reader');
    expect((await ask({ keys: [key] }, reader)).status).toBe(403);
  });

  it('takes no HMAC-SHA-256 without the key of the earlier system, and says what is missing', async () => {
    const { ask, names } = await newImporting();
    const keys = [{ name: 'x', hash: sha256('first'), grant: GRANT }];
    const answer = await ask({ keys, hash: 'hmac-sha256' });
    expect([answer.status, answer.json()]).toMatchObject([
      400,
      { error: { param: 'hash', message: expect.stringContaining('LATCHKEY_EARLIER_HMAC_KEY') } },
    ]);
    expect(await names()).toEqual([]);
  });

  it.each([
    [{}, 'keys'],
    [{ keys: [] }, 'keys'],
    [{ keys: [{ name: 'x', grant: GRANT }] }, 'keys[0].hash'],
    [{ keys: Array.from({ length: 51 }, () => ({ name: 'x', hash: 'a', grant: GRANT })) }, 'keys'],
    [{ keys: [{ name: 'x', hash: 'a', grant: GRANT, secret: 'text' }] }, 'keys[0].secret'],
    [{ keys: [], hash: 'md5' }, 'hash'],
  ])('refuses %j', async (body, param) => {
    const { ask } = await newImporting();
    const answer = await ask(body);
    expect([answer.status, answer.json()]).toMatchObject([400, { error: { param } }]);
  });
});
