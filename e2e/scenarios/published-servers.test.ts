import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createNamedFolder, type NamedFolder } from '@latchkey/demo/src/named-folder.ts';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { everything, filesystem } from '../support/mcp-servers.ts';
import { startServer, type TestServer } from '../support/server.ts';

import { createToken, type HeldToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let folder: NamedFolder;
let server: TestServer;
let holder: HeldToken;
beforeAll(async () => {
  folder = createNamedFolder();
  const docs = join(folder.path, 'docs');
  mkdirSync(docs);
  writeFileSync(join(docs, 'a.txt'), 'green');
  writeFileSync(join(folder.path, 'b.txt'), 'canary');
  symlinkSync(join('..', 'b.txt'), join(docs, 'link.txt'));
  // The server itself would serve the whole folder: only the grant stands between.
  server = await startServer({ mcpServers: { everything: everything(), files: filesystem(folder.path) } });
  const within = { arguments: { path: { within: docs } } };
  holder = await createToken(
    server,
    'holder',
    withTools({ 'mcp/everything': { echo: {}, 'get-sum': {} }, 'mcp/files': { read_text_file: within } }),
  );
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const use = (input: string, id: string) => holder.chat({ input, integrations: [id] });

describe('@modelcontextprotocol/server-everything', () => {
  verifies(
    'tools.published',
    async () => {
      const { body } = await use('What is 12 plus 30?', 'mcp/everything');
      expect(body.output).toMatchObject([
        { type: 'tool_call', tool: 'get-sum', arguments: { a: 12, b: 30 } },
        { type: 'message', content: expect.stringContaining('42') },
      ]);
    },
    'get-sum',
  );

  verifies(
    'tools.published',
    async () => {
      const { body } = await use('Echo the quick red fox', 'mcp/everything');
      expect(body.output[0]).toMatchObject({
        type: 'tool_call',
        arguments: { message: 'the quick red fox' },
        output: JSON.stringify([{ type: 'text', text: 'Echo: the quick red fox' }]),
      });
    },
    'echo',
  );
});

describe('@modelcontextprotocol/server-filesystem', () => {
  const read = (...path: readonly string[]) => use(`Read the file ${join(folder.path, ...path)}`, 'mcp/files');

  verifies(
    'tools.within',
    async () => {
      const { body } = await read('docs', 'a.txt');
      const path = join(folder.path, 'docs', 'a.txt');
      expect(body.output[0]).toMatchObject({ type: 'tool_call', tool: 'read_text_file', arguments: { path } });
      expect(body.output[0].output).toContain('green');
    },
    'inside',
  );

  for (const [where, ...path] of [
    ['outside', 'b.txt'],
    ['through a link that leads out', 'docs', 'link.txt'],
  ] as const) {
    verifies(
      'tools.within',
      async () => {
        const { status, body } = await read(...path);
        expect(status).toBe(200);
        expect(body.output[0]).toMatchObject({
          type: 'invalid_tool_call',
          metadata: { type: 'invalid_arguments', arguments: { path: join(folder.path, ...path) } },
        });
        expect(JSON.stringify(body)).not.toContain('canary');
      },
      where,
    );
  }
});
