import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A home folder of a test's own. */
export interface Home {
  readonly path: string;
  readonly file: string;
  /** The environment of who lives there. */
  readonly environment: Readonly<Record<string, string>>;
  readText(): string;
}

/** Makes a home folder, with a profiles file when there is a text for it. */
export function newHome(credentials?: string, mode = 0o600): Home {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'latchkey-client-')));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  const file = join(path, '.latchkey', 'credentials');
  if (credentials !== undefined) {
    mkdirSync(join(path, '.latchkey'), { mode: 0o700 });
    writeFileSync(file, credentials);
    // The umask has its say when a file is made, not here.
    chmodSync(file, mode);
  }
  return { path, file, environment: { HOME: path, USERPROFILE: path }, readText: () => readFileSync(file, 'utf8') };
}
