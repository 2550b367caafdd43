import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Answer } from '../support/api.ts';
import { recording, scripted } from '../support/mcp-servers.ts';
import { descendantsOf, isRunning } from '../support/processes.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { verifies } from '../support/verifies.ts';

let folder: TemporaryFolder;
let server: TestServer;
beforeAll(async () => {
  folder = createTemporaryFolder();
  server = await startServer({
    config: { limits: { toolSeconds: 0.5 } },
    mcpServers: {
      good: recording(`${folder.path}/calls`),
      hangs: scripted(),
      dies: scripted(),
      dead: scripted('die-at-start'),
      noisy: scripted('noise', 'wrong-ids'),
      floods: scripted('flood'),
      endless: scripted('endless-line'),
      lists: scripted('bad-tools'),
    },
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const use = (tool: string, label: string): Promise<Answer> =>
  server.admin.chat({
    input: `Use ${tool}.`,
    integrations: [`mcp/${label}`],
  });
const callGoodServer = (): Promise<Answer> =>
  server.admin.chat({
    input: 'Fetch the note.',
    integrations: ['mcp/good'],
  });
const expectGoodServerWorks = async (): Promise<void> => {
  expect((await callGoodServer()).body.output[0]).toMatchObject({ type: 'tool_call', tool: 'fetch_note' });
};
/** The first thing that came of a chat: a call of the tool, whose output says what went wrong. */
const expectFailedCall = (answer: Answer, tool: string, says: RegExp): void => {
  expect(answer.status).toBe(200);
  expect(answer.body.output[0]).toMatchObject({ type: 'tool_call', tool, output: expect.stringMatching(says) });
};

describe('an MCP server', () => {
  verifies(
    'faults.tool-hangs',
    async () => {
      const [hanging] = await Promise.all([use('hang', 'hangs'), expectGoodServerWorks()]);
      expectFailedCall(hanging, 'hang', /did not answer in time/);
      expect(hanging.body.output.at(-1).type).toBe('message');
    },
    'in silence',
  );

  verifies(
    'faults.tool-hangs',
    async () => {
      const [busy] = await Promise.all([use('progress', 'hangs'), expectGoodServerWorks()]);
      expectFailedCall(busy, 'progress', /took too long|did not answer in time/);
    },
    'while it reports progress',
  );

  verifies('faults.tool-dies', async () => {
    const [dying] = await Promise.all([use('die', 'dies'), expectGoodServerWorks()]);
    expectFailedCall(dying, 'die', /ended during the call/);
  });

  verifies('faults.tool-garbage', async () => {
    expectFailedCall(await use('garbage', 'noisy'), 'garbage', /no result/);
  });

  verifies('faults.server-dead', async () => {
    const [dead] = await Promise.all([use('structured', 'dead'), expectGoodServerWorks()]);
    expect(dead).toMatchObject({
      status: 502,
      body: { error: { type: 'plugin_connection_error', code: 'plugin_unavailable', param: 'integrations' } },
    });
    expect(dead.body.error.message).not.toContain('licence');
    expect(await server.log.find((line) => line.includes('there is no licence file'))).toContain('mcp/dead');
  });

  verifies('faults.server-noisy', async () => {
    const { body } = await use('structured', 'noisy');
    expect(body.output[0]).toMatchObject({ type: 'tool_call', tool: 'structured' });
  });

  verifies('faults.server-lists-rubbish', async () => {
    const { body } = await use('structured', 'lists');
    expect(body.output[0]).toMatchObject({ type: 'tool_call', tool: 'structured' });
  });

  for (const label of ['floods', 'endless']) {
    verifies(
      'faults.server-floods',
      async () => {
        const [flooded] = await Promise.all([use('structured', label), expectGoodServerWorks()]);
        // It may be cut off before the call or during it; either way the chat has an end.
        if (flooded.status === 200) expect(flooded.body.output.at(-1).type).toBe('message');
        else expect(flooded).toMatchObject({ status: 502, body: { error: { code: 'plugin_unavailable' } } });
        await server.log.find(
          (line) => line.includes(`mcp/${label}`) && /sent more|no messages|larger than/.test(line),
        );
        await expectGoodServerWorks();
      },
      label,
    );
  }

  verifies('faults.nothing-left', async () => {
    await expectGoodServerWorks();
    const children = descendantsOf(server.pid);
    expect(children.length).toBeGreaterThanOrEqual(2);
    server.signal('SIGTERM');
    expect(await server.exited).toEqual({ exitCode: 0, signal: null });
    expect(children.filter(isRunning)).toEqual([]);
  });
});
