import { attenuateToken, createMemoryTokenStore, TOKEN_KINDS, type TokenKind } from '@latchkey/auth-core';
import { type Grant, llm } from '@latchkey/auth-core/llm';
import { callsTool, says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { hideSecrets } from '../../src/telemetry/hide-secrets.ts';
import { send } from '../http/in-process-client.ts';
import { newServer, type TestServer } from '../http/new-server.ts';
import { CUSTOM_TEXT, makeEveryKind, secretOf } from './every-kind.ts';

const EVERYTHING = { actions: ['*' as const], models: ['*'], mcp: { '*': { tools: { '*': {} } } } };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/**
 * Sends a token to every place where a token belongs, and a name to every place where somebody might put one by
 * mistake; what came back.
 */
async function sendEverywhere({ app, routes }: TestServer, token: string, name: string): Promise<string[]> {
  const answers: string[] = [];
  const note = async (call: Parameters<typeof send>[1]) => {
    const { text, headers } = await send(app, call);
    answers.push(text, JSON.stringify(headers));
  };
  for (const { method, path } of routes) {
    if (/revoke|blacklist|rotate|refresh|oauth.token/.test(path)) continue;
    const bodies: unknown[] = [
      undefined,
      {
        model: name,
        input: name,
        messages: [{ role: 'user', content: 'Hi' }],
        name,
        action: name,
        grant: {},
      },
      { [name]: name },
      `{"grant": "${name}`,
    ];
    for (const body of method === 'POST' || method === 'PATCH' ? bodies : [undefined]) {
      const escaped = path.replace(':id', encodeURIComponent(name));
      await note({ method, path: escaped, token, body });
      await note({ method, path: `${escaped}?after=${encodeURIComponent(name)}`, token, body });
      await note({ method, path: escaped, body, headers: { 'x-api-key': `${token}x`, 'latchkey-project': name } });
    }
  }
  const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange';
  for (const subject of [token, `${token}x`]) {
    await note({
      method: 'POST',
      path: '/oauth/introspect',
      token,
      headers: FORM,
      body: `token=${encodeURIComponent(subject)}`,
    });
    const body = new URLSearchParams({ grant_type: grantType, subject_token: subject, subject_token_type: subject });
    await note({ method: 'POST', path: '/oauth/token', headers: FORM, body: body.toString() });
  }
  return answers;
}

describe('a secret (keys in logs, in answers and in databases)', () => {
  it('of a token of any kind is in no log, no answer and no entry of the audit log, wherever the token was put', async () => {
    const store = createMemoryTokenStore();
    const server = await newServer({
      tokenStore: store,
      keptArguments: 'full',
      turns: Array.from({ length: 400 }, () => says('Hi')),
    });
    const tokens = await makeEveryKind(server, EVERYTHING);
    const seen: Record<string, string[]> = { answers: [] };
    for (const kind of TOKEN_KINDS) {
      // A custom key looks like any word: where it stands for a name, nobody can tell.
      const name = kind === 'custom' ? 'a-name' : tokens[kind];
      seen.answers?.push(...(await sendEverywhere(server, tokens[kind], name)));
    }
    // The server's own logger writes each line in this way.
    seen.log = server.log.map(hideSecrets);
    seen.audit = (await server.audit.list({ limit: 1000 })).map((entry) => JSON.stringify(entry));
    seen.store = (await store.list({})).map((record) => JSON.stringify(record));
    expect(server.log.join('')).toContain('"level"');
    expect(seen.audit.length).toBeGreaterThan(10);
    for (const [kind, token] of Object.entries(tokens) as [TokenKind, string][]) {
      const secret = secretOf(kind, token);
      for (const [where, texts] of Object.entries(seen)) {
        const found = texts.filter((text) => text.includes(secret));
        expect(found, `${kind} in ${where}`).toEqual([]);
      }
    }
  }, 60_000);

  it('in the arguments of a tool is in no log and in no entry of the audit log', async () => {
    const server = await newServer({ keptArguments: 'full' });
    const tokens = await makeEveryKind(server, EVERYTHING);
    for (const kind of TOKEN_KINDS) {
      if (kind === 'custom') continue;
      server.engine.turns.push(callsTool('echo', { text: `it is ${tokens[kind]}` }), says('Done'));
      const body = { model: 'ibm/granite', input: 'Hi', integrations: ['mcp/a'] };
      // A place-bound token is refused in headers.
      const token = tokens[kind === 'place-bound' ? 'api-key' : kind];
      const answer = await send(server.app, { method: 'POST', path: '/api/v1/chat', token, body });
      expect(answer.status).toBe(200);
      const kept = JSON.stringify(await server.audit.list({ limit: 1000 })) + server.log.join('');
      expect(kept).toContain('tool.called');
      expect(kept.includes(secretOf(kind, tokens[kind])), kind).toBe(false);
    }
  });

  it('is shown once, and no digest ever (hashes in responses)', async () => {
    const store = createMemoryTokenStore();
    const server = await newServer({ tokenStore: store });
    const admin = await server.issue({ actions: ['*'], models: ['*'] });
    const call = async (method: string, path: string, body?: unknown, token = admin) =>
      (await send(server.app, { method, path, token, ...(body !== undefined && { body }) })).json();
    const grant: Grant = { actions: ['chat'], models: ['*'] };
    const answers: Record<string, unknown>[] = [];
    for (const kind of ['api-key', 'custom', 'personal-access', 'legacy'] as const) {
      const secret = kind === 'custom' ? { secret: CUSTOM_TEXT } : {};
      const { token, id, ...made } = await call('POST', '/api/v1/tokens', {
        name: kind,
        kind,
        grant,
        owner: 'ada',
        ...secret,
      });
      const path = `/api/v1/tokens/${id as string}`;
      answers.push(made, await call('GET', path), await call('PATCH', path, { notes: 'seen' }));
      if (kind !== 'custom') {
        const { token: _, ...rotated } = await call('POST', `${path}/rotate`, { overlap: 'until-first-use' });
        answers.push(rotated);
      }
      answers.push(
        await call('GET', '/api/v1/whoami', undefined, token as string),
        await call('GET', '/api/current-user/whoami', undefined, token as string),
        await call('POST', '/api/v1/can', { action: 'chat', model: 'ibm/granite' }, token as string),
        await call('GET', '/api/v1/tokens'),
        await call('POST', '/api/v1/tokens/revoke-self', {}, await attenuateToken(llm, token as string, grant)),
        await call('DELETE', path),
      );
    }
    const told = JSON.stringify(answers);
    expect(told).not.toMatch(/"(?:digest|sealed|attenuationKey|previous|token|secret)":/);
    for (const { digest, sealed, attenuationKey, previous } of await store.list({})) {
      for (const hidden of [digest, sealed, attenuationKey, previous?.digest]) {
        if (hidden) expect(told.includes(hidden)).toBe(false);
      }
    }
  });
});
