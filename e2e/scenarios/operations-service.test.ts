import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runLatchkey } from '../support/latchkey-command.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { verifies } from '../support/verifies.ts';

const isRoot = process.getuid?.() === 0;

verifies('operating.service', async () => {
  using folder = createTemporaryFolder();
  const flags = isRoot ? ['--run-as', 'daemon'] : [];
  const printed = await runLatchkey(['service', 'install', '--print', '--data', folder.path, ...flags]);
  expect(printed).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Type=notify') });
  const unit = join(folder.path, 'latchkey.service');
  writeFileSync(unit, printed.stdout);
  const verified = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
  // Where there is no systemd, its parser is not asked.
  if (verified.error === undefined) expect(verified).toMatchObject({ status: 0, stderr: '' });
  if (!isRoot) return;
  for (const user of [[], ['--run-as', 'root'], ['--run-as', 'nobody']]) {
    const refused = await runLatchkey(['service', 'install', '--print', ...user]);
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('useradd --system') });
  }
});
