import { describe, expect, it } from 'vitest';
import { send } from '../in-process-client.ts';
import { newServer } from '../new-server.ts';

const grant = {
  actions: ['chat'],
  models: ['ibm/*'],
  mcp: { 'mcp/files': { tools: { read: { arguments: { path: { maxLength: 3 } } } } } },
};

async function ask(question: unknown): Promise<Record<string, unknown>> {
  const server = await newServer();
  const token = await server.issue(grant, 'ci');
  return (await send(server.app, { method: 'POST', path: '/api/v1/can', token, body: question })).json();
}

describe('POST /api/v1/can', () => {
  it('says yes to what the token allows, by a model’s other name too', async () => {
    expect(await ask({ action: 'chat', model: 'small' })).toMatchObject({ allowed: true });
  });

  it('says yes to what is not there: the answer is about the token', async () => {
    expect(await ask({ action: 'chat', model: 'ibm/nothing' })).toMatchObject({ allowed: true });
  });

  it('says no with the grant, the rule and the reason', async () => {
    expect(await ask({ action: 'tokens:write' })).toMatchObject({
      allowed: false,
      source: 'token ci',
      rule: 'actions',
      message: 'grant #2 (token ci): action tokens:write is not granted',
    });
  });

  it('is a dry run of a grant, which only narrows what the caller may do', async () => {
    const narrow = { actions: ['chat'], models: ['ibm/granite'] };
    expect(await ask({ action: 'chat', model: 'ibm/granite', grant: narrow })).toMatchObject({ allowed: true });
    expect(await ask({ action: 'chat', model: 'ibm/other', grant: narrow })).toMatchObject({
      allowed: false,
      source: 'the grant of this question',
    });
    const wide = { actions: ['*'], models: ['*'] };
    expect(await ask({ action: 'tokens:write', grant: wide })).toMatchObject({ allowed: false, source: 'token ci' });
    expect(await ask({ action: 'chat', model: 'ibm/granite', grant: { acts: [] } })).toMatchObject({
      error: { code: 'invalid_value' },
    });
  });

  it('decides arguments as a call does, and repeats no value of them', async () => {
    const tool = { server: 'mcp/files', name: 'read', arguments: { path: 'a-long-value' } };
    const answer = await ask({ action: 'chat', tool });
    expect(answer).toMatchObject({ allowed: false, rule: 'arguments' });
    expect(JSON.stringify(answer)).not.toContain('a-long-value');
    expect(await ask({ action: 'chat', tool: { ...tool, arguments: { path: 'a' } } })).toMatchObject({ allowed: true });
  });

  it('refuses a question that it does not understand, by the name of what is wrong', async () => {
    expect(await ask({ action: 'fly' })).toMatchObject({ error: { param: 'action' } });
    expect(await ask({ action: 'chat', modell: 'x' })).toMatchObject({
      error: { code: 'unrecognized_keys', param: 'modell' },
    });
  });
});

describe('GET /api/v1/whoami', () => {
  it('says what is left of the limits, this request counted', async () => {
    const server = await newServer();
    const token = await server.issue({ ...grant, limits: { requestsPerMinute: 5, tokensPerDay: 100 } });
    const identity = (await send(server.app, { path: '/api/v1/whoami', token })).json();
    expect(identity.limits).toMatchObject([
      { name: 'requestsPerMinute', source: 'token test', limit: 5, remaining: 4 },
      { name: 'tokensPerDay', source: 'token test', limit: 100, remaining: 100 },
    ]);
  });
});
