import type { AuthorityEntry } from '@latchkey/auth-core';
import type { AccessRequest } from '@latchkey/auth-core/llm';
import { describe, expect, it } from 'vitest';
import { createPermissionGate } from '../../src/tools/permission-gate.ts';
import { decideFor } from './caller.ts';

const grant = (tools: Record<string, unknown>) => ({ actions: ['chat'], mcp: { 'mcp/files': { tools } } });

describe('the gate', () => {
  it('asks for exactly what is to be done, with the entries of the request', async () => {
    const asked: [AccessRequest, readonly AuthorityEntry[]][] = [];
    const entries: AuthorityEntry[] = [{ source: 'this request', grant: { actions: ['chat'] } }];
    const gate = createPermissionGate((request, given) => {
      asked.push([request, given]);
      return { allowed: true, approval: false, limits: {} } as never;
    }, entries);
    await gate({ server: 'mcp/files' });
    await gate({ server: 'mcp/files', tool: 'read' });
    await gate({ server: 'mcp/files', tool: 'read', arguments: { path: '/a' } });
    expect(asked).toEqual([
      [{ action: 'chat', mcp: { server: 'mcp/files' } }, entries],
      [{ action: 'chat', mcp: { server: 'mcp/files', name: 'read' } }, entries],
      [{ action: 'chat', mcp: { server: 'mcp/files', name: 'read', arguments: { path: '/a' } } }, entries],
    ]);
  });

  it('says which grant refuses, and why', async () => {
    const gate = createPermissionGate(await decideFor(grant({ read: {} })), []);
    expect(await gate({ server: 'mcp/files', tool: 'write' })).toMatchObject({
      allowed: false,
      reason: expect.stringMatching(/^grant #\d \(token ci\): .*write/),
    });
  });

  it('judges arguments, and never repeats them', async () => {
    const gate = createPermissionGate(await decideFor(grant({ read: { arguments: { path: { const: '/a' } } } })), []);
    expect(await gate({ server: 'mcp/files', tool: 'read', arguments: { path: '/a' } })).toEqual({ allowed: true });
    const refused = await gate({ server: 'mcp/files', tool: 'read', arguments: { path: '/CANARY' } });
    expect(refused.allowed).toBe(false);
    expect(JSON.stringify(refused)).not.toContain('CANARY');
  });

  it('says of a tool that its calls need approval', async () => {
    const gate = createPermissionGate(await decideFor(grant({ write: { approval: 'ask' } })), []);
    const approval: unknown[] = [];
    expect(await gate({ server: 'mcp/files', tool: 'write' })).toEqual({ allowed: true, approval });
    expect(await gate({ server: 'mcp/files', tool: 'write', arguments: {} })).toEqual({
      allowed: true,
      approval,
    });
  });

  it('lets nobody use tools who may not chat', async () => {
    const decide = await decideFor({ ...grant({ '*': {} }), actions: ['models:read'] });
    expect(createPermissionGate(decide, [])({ server: 'mcp/files', tool: 'read' })).toMatchObject({ allowed: false });
  });
});
