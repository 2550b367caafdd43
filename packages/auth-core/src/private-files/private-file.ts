import { randomBytes } from 'node:crypto';
import { linkSync, unlinkSync, writeFileSync } from 'node:fs';

/**
 * Creates a file with access for its owner only (mode 0600), unless there is one already. If two processes start at
 * once, one creates it and both read it complete, because a link appears in one step.
 *
 * @returns whether this call has created it
 * @throws the error of the system when the file cannot be created
 */
export function createPrivateFile(path: string, text: string): boolean {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    unlinkSync(draft);
  }
}
