import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { latchkeyPath } from '../support/latchkey-command.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { verifies } from '../support/verifies.ts';

const NOBODY = 65_534;
/** Whether root may become another user here, and that user reads the program. */
const mayBecomeNobody =
  process.getuid?.() === 0 &&
  spawnSync('setpriv', ['--reuid', String(NOBODY), process.execPath, latchkeyPath, '--version']).status === 0;

describe.skipIf(!mayBecomeNobody)('a container', () => {
  verifies('operating.container-volume', () => {
    using folder = createTemporaryFolder();
    const data = join(folder.path, 'volume');
    mkdirSync(data);
    const open = ['755', folder.path];
    spawnSync('chmod', open);
    const started = spawnSync(
      'setpriv',
      [
        '--reuid',
        String(NOBODY),
        '--regid',
        String(NOBODY),
        '--clear-groups',
        process.execPath,
        latchkeyPath,
        'serve',
        '--port',
        '0',
        '--data',
        data,
      ],
      { encoding: 'utf8', env: { PATH: process.env.PATH, HOME: '/nonexistent', KUBERNETES_SERVICE_HOST: '10.0.0.1' } },
    );
    expect(started.status).toBe(9);
    expect(started.stderr.trim().split('\n')).toHaveLength(1);
    expect(started.stderr).toContain(`${data} belongs to another user (uid 0)`);
    // What it says is what helps.
    const [command] = /chown -h 65534 \S+/.exec(started.stderr) ?? [];
    expect(spawnSync('bash', ['-c', `${command} && chmod 700 '${data}'`]).status).toBe(0);
    expect(started.stderr).toContain(
      `docker run --rm --user 0 --entrypoint chown -v VOLUME:${data} IMAGE ${NOBODY} ${data}`,
    );
  });
});
