import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { startServer } from '../support/server.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { CHAT_GRANT, createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const folder = join(import.meta.dirname, '..', '..', 'python', 'latchkey');

/** The system's own, where there is one: others may be in front of it that are older than the package asks for. */
const python = ['/usr/bin/python3', 'python3'].find((command) => {
  const asked = 'import sys; sys.exit(sys.version_info < (3, 10))';
  return spawnSync(command, ['-c', asked]).status === 0;
});
if (python === undefined) console.warn('The client for Python was not tried: there is no python3 of 3.10 or later.');

describe.runIf(python !== undefined)('the package for Python', () => {
  verifies('python.tests', async () => {
    await using server = await startServer();
    const { token } = await createToken(server, 'python', CHAT_GRANT, { owner: 'ada@example.com' });
    const personal = await server.admin.post('/api/v1/tokens', {
      name: 'personal',
      kind: 'personal-access',
      grant: CHAT_GRANT,
    });
    using home = createTemporaryFolder();
    const child = spawn(python ?? '', ['-W', 'error::SyntaxWarning', '-m', 'unittest', 'discover', '-s', 'tests'], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOME: home.path,
        PYTHONPATH: join(folder, 'src'),
        PYTHONDONTWRITEBYTECODE: '1',
        LATCHKEY_TRY_URL: server.url,
        LATCHKEY_TRY_TOKEN: token,
        LATCHKEY_TRY_PERSONAL: personal.body.token,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const [exitCode] = await once(child, 'close');
    expect(exitCode, said).toBe(0);
    // None was left out: the server was there.
    expect(said).toMatch(/^OK$/m);
  });
});
