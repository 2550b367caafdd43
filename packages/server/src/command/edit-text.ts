import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError } from './command-error.ts';
import { confirm } from './confirm.ts';
import { remark } from './print.ts';

/**
 * Opens a JSON value in the editor of VISUAL or EDITOR, and returns what was saved. What is not valid can be edited again.
 *
 * @param check throws for a value that is not valid
 */
export async function editJson<T>(value: unknown, name: string, check: (value: unknown) => T): Promise<T> {
  const { VISUAL, EDITOR } = process.env;
  const editor = VISUAL || EDITOR;
  if (!editor) throw new CommandError('--edit needs an editor: set EDITOR, e.g. EDITOR=nano.');
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-edit-'));
  try {
    const file = join(folder, `${name}.json`);
    writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
    for (;;) {
      open(editor, file);
      try {
        return check(JSON.parse(readFileSync(file, 'utf8')));
      } catch (error) {
        remark(`That is not valid: ${(error as Error).message}`);
        await confirm('Edit it again?');
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The variable is a command line, as other programs read it: `code --wait`. */
function open(editor: string, file: string): void {
  const { status, error } =
    process.platform === 'win32'
      ? spawnSync(`${editor} "${file}"`, { stdio: 'inherit', shell: true })
      : spawnSync('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
  if (error !== undefined || status !== 0) throw new CommandError('The editor failed. Nothing was changed.');
}
