import { createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
import { type AccessRequest, llm } from '@latchkey/auth-core/llm';
import { re2jsPatterns } from '@latchkey/auth-core/patterns/re2js';
import { createMcpHost, parseMcpJson, type ToolGate, type TransportOpener } from '@latchkey/mcp-bridge';
import fc from 'fast-check';
import { expect, it } from 'vitest';

/** A server in memory whose one tool has this schema, and the arguments that reached it. */
function serverWith(inputSchema: unknown): {
  readonly opener: TransportOpener;
  readonly got: Record<string, unknown>[];
} {
  const got: Record<string, unknown>[] = [];
  const answer = (method: string, params: { arguments?: Record<string, unknown> } = {}): object => {
    const serverInfo = { name: 'odd', version: '1' };
    if (method === 'initialize') return { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo };
    if (method === 'tools/list') return { tools: [{ name: 'act', inputSchema }] };
    got.push(params.arguments ?? {});
    return { content: [] };
  };
  const opener: TransportOpener = () => {
    const transport: ReturnType<TransportOpener>['transport'] = {
      start: async () => {},
      close: async () => transport.onclose?.(),
      send: async (message) => {
        if (!('method' in message && 'id' in message)) return;
        const { id, method, params } = structuredClone(message);
        const result = answer(method, params as { arguments?: Record<string, unknown> });
        queueMicrotask(() => transport.onmessage?.({ jsonrpc: '2.0', id, result } as never));
      },
    };
    const close = async (): Promise<void> => transport.close();
    const exchange = <T>(task: () => Promise<T>): Promise<T> => task();
    return { transport, negotiates: false, hears: true, exchange, close, reason: () => '', diagnostics: () => '' };
  };
  return { opener, got };
}

const named = { path: { type: 'string' }, count: { type: 'integer' }, note: { type: 'string' } };
/** Checked, repaired, and left to the server: what a grant says holds for each. */
const schemas = fc.constantFrom<unknown>(
  { type: 'object', properties: named },
  {
    type: 'object',
    properties: { ...named, count: { type: 'integer', nullable: true, minimum: 0, exclusiveMinimum: true } },
  },
  { type: 'object', properties: { ...named, note: { type: 'array', items: { type: 'string' } } } },
  { type: 'object', properties: named, allOf: [{ $ref: '#' }] },
  { type: 'object', properties: { ...named, path: { $ref: '#/nowhere' } } },
  { properties: { path: true, count: null, note: 'string' } },
  { properties: null },
  {},
  null,
);
const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom('/srv/a', '/srv/../etc', '/etc/passwd', '3', '9', 3, 9, null, true, '["/etc"]', ['/etc']),
  fc.string({ maxLength: 4 }),
);
const more = fc.dictionary(fc.constantFrom('Path', 'other', '__proto__'), value, { maxKeys: 2 });
// A call that lacks a named argument is always refused.
const written = fc
  .tuple(
    fc.record({
      path: fc.oneof(fc.constant('/srv/a'), value),
      count: fc.oneof(fc.constantFrom(3, '3'), value),
      note: fc.constantFrom('x', '["/etc"]', 'y'),
    }),
    more,
  )
  .map(([known, others]): Record<string, unknown> => ({ ...others, ...known }));

it('conditions of a grant bind calls of tools whose schema cannot be checked, and calls whose arguments were mended', async () => {
  const digestKey = new Uint8Array(32).fill(7);
  const auth = createAuth({ vocabulary: llm, store: createMemoryTokenStore(), digestKey, patterns: re2jsPatterns });
  const rule = {
    arguments: { path: { pattern: '^/srv/[a-z]+$' }, count: { type: 'integer', maximum: 5 }, note: { type: 'string' } },
  } as const;
  const grant = { actions: ['chat' as const], mcp: { 'mcp/odd': { tools: { act: rule } } } };
  const { token } = await auth.issue({ name: 'odd', grant }, auth.operator());
  const principal = await auth.verify(token);
  const gate: ToolGate = ({ server, tool: name, arguments: args, argumentNames }) => {
    const mcp = {
      server,
      ...(name === undefined ? {} : { name }),
      ...(args === undefined ? {} : { arguments: args }),
      ...(argumentNames === undefined ? {} : { argumentNames }),
    };
    const request: AccessRequest = { action: 'chat', mcp };
    return auth.decide(principal, request).allowed ? { allowed: true } : { allowed: false, reason: 'not granted' };
  };
  let reached = 0;
  await fc.assert(
    fc.asyncProperty(schemas, fc.array(written, { minLength: 1, maxLength: 8 }), async (inputSchema, calls) => {
      const { opener, got } = serverWith(inputSchema);
      const config = parseMcpJson('{ "mcpServers": { "odd": { "command": "odd" } } }', {});
      await using host = createMcpHost({ config, opener });
      const toolset = await host.openToolset([{ server: 'mcp/odd' }], gate, new AbortController().signal);
      for (const args of calls) {
        const before = got.length;
        const outcome = await toolset.call('act', args, { signal: new AbortController().signal });
        expect(got.length).toBe(before + (outcome.type === 'success' ? 1 : 0));
      }
      for (const args of got) {
        reached += 1;
        if (args.path !== undefined) expect(args.path).toMatch(/^\/srv\/[a-z]+$/);
        if (args.count !== undefined) expect(Number.isInteger(args.count) && Number(args.count) <= 5).toBe(true);
        expect(typeof args.note).toBe('string');
        expect(Object.keys(args)).not.toContain('Path');
        const { allowed } = await gate(
          { server: 'mcp/odd', tool: 'act', arguments: args, argumentNames: Object.keys(named) },
          {
            signal: new AbortController().signal,
          },
        );
        expect(allowed || args.other !== undefined).toBe(true);
      }
      await toolset.close();
    }),
    { seed: 20_261_129, numRuns: 80 },
  );
  expect(reached).toBeGreaterThan(0);
});
