import type { Grant } from '@latchkey/auth-core/llm';
import { callsTool, says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import type { TokenFinding } from '../../../src/hygiene/finding.ts';
import { send } from '../in-process-client.ts';
import { newServer, type TestServer } from '../new-server.ts';

const READER: Grant = { actions: ['*'], models: ['*'], mcp: { '*': { tools: { '*': {} } } } };
interface Report {
  readonly tokens: number;
  readonly toolCallsSince: string | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly findings: readonly (TokenFinding & { readonly kind: string })[];
  readonly narrowed?: Grant;
}

const doctor = async (server: TestServer, token: string, query = '', headers = {}): Promise<Report> =>
  (await send(server.app, { path: `/api/v1/token-doctor${query}`, token, headers })).json() as unknown as Report;

async function afterACall() {
  const server = await newServer({ turns: [callsTool('echo', { text: 'x' }), says('done')] });
  const admin = await server.issue(READER, 'admin');
  const token = await server.issue(
    { actions: ['chat'], models: ['*'], mcp: { '*': { tools: { '*': {} } } }, limits: { requestsPerMinute: 9 } },
    'wide',
  );
  const body = { model: 'ibm/granite', input: 'Hi', integrations: ['mcp/a'] };
  const answer = await send(server.app, { method: 'POST', path: '/api/v1/chat', token, body });
  expect(answer.json().output).toMatchObject([{ type: 'tool_call' }, {}]);
  return { server, admin };
}

describe('GET /api/v1/token-doctor', () => {
  it('finds what a token may call and has not called, and gives the grant that is left', async () => {
    const { server, admin } = await afterACall();
    const { findings, counts, toolCallsSince } = await doctor(server, admin);
    const found = findings.find(({ kind }) => kind === 'wider-than-used');
    expect([counts['wider-than-used'], toolCallsSince]).toEqual([1, expect.any(String)]);
    expect(found?.tools?.used).toBe(1);
    expect(found?.tools?.allowed).toBeGreaterThan(1);
    const { narrowed } = await doctor(server, admin, `?token=${found?.token.id}`);
    expect(narrowed?.mcp).toEqual({ 'mcp/a': { tools: { echo: {} } } });
  });

  it('tells nothing of calls to a caller without the audit log, or with one project of it', async () => {
    const { server, admin } = await afterACall();
    const reader = await server.issue({ ...READER, actions: ['tokens:read', 'chat'] }, 'reader');
    for (const [token, headers] of [
      [reader, {}],
      [admin, { 'latchkey-project': 'web' }],
    ] as const) {
      const { counts, toolCallsSince } = await doctor(server, token, '', headers);
      expect([counts['wider-than-used'], toolCallsSince]).toEqual([0, null]);
    }
    const { narrowed, findings } = await doctor(server, reader, '?kind=no-expiry');
    expect(narrowed).toBeUndefined();
    expect(new Set(findings.map(({ kind }) => kind))).toEqual(new Set(['no-expiry']));
  });

  it('looks only at tokens that the caller may list', async () => {
    const server = await newServer();
    await server.issue(READER, 'admin');
    const own = await server.issue({ actions: ['tokens:read'] }, 'small');
    const { tokens, findings } = await doctor(server, own);
    expect(tokens).toBe(1);
    expect(new Set(findings.map(({ token }) => token.name))).toEqual(new Set(['small']));
  });
});
