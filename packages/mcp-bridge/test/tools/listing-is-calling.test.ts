import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ToolGate } from '../../src/index.ts';
import { scriptedTools } from '../../src/testing/index.ts';
import { call, memoryHost, open } from '../hosting.ts';

// Tools that answer at once, whatever they are called with.
const answering = ['calls', 'fail', 'refuse', 'structured', 'grandchild', 'release'];
const toolNames = scriptedTools.map(({ name }) => String(name));

it('lists exactly the tools whose calls pass the gate, for any gate', async () => {
  await using host = memoryHost({ a: [], b: [] });
  const pairs = ['mcp/a', 'mcp/b'].flatMap((server) => toolNames.map((tool) => `${server} ${tool}`));
  await fc.assert(
    fc.asyncProperty(fc.subarray(pairs), async (permitted) => {
      const asked = new Set<string>();
      const gate: ToolGate = ({ server, tool, arguments: args }) => {
        if (tool === undefined) return { allowed: true };
        if (args !== undefined) asked.add(`${server} ${tool}`);
        return permitted.includes(`${server} ${tool}`) ? { allowed: true } : { allowed: false, reason: 'No.' };
      };
      const selections = ['mcp/a', 'mcp/b']
        .filter((server) => permitted.some((pair) => pair.startsWith(server)))
        .map((server) => ({ server }));
      const toolset = await open(host, selections, gate);
      expect(toolset.tools.map(({ server, tool }) => `${server} ${tool}`).sort()).toEqual([...permitted].sort());
      for (const { name, tool } of toolset.tools) {
        if (!answering.includes(tool)) continue;
        const outcome = await call(toolset, name);
        expect('kind' in outcome && ['denied', 'invalid_name'].includes(outcome.kind)).toBe(false);
      }
      const listed = new Set(toolset.tools.map(({ name }) => name));
      for (const name of [...toolNames, ...toolNames.flatMap((tool) => [`a__${tool}`, `b__${tool}`])]) {
        if (!listed.has(name)) expect(await call(toolset, name)).toMatchObject({ kind: 'invalid_name' });
      }
      expect([...asked].every((pair) => permitted.includes(pair))).toBe(true);
    }),
    { numRuns: 30 },
  );
});
