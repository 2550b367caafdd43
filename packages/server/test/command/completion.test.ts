import { spawnSync } from 'node:child_process';
import { describe, expect, it, vi } from 'vitest';
import { run } from '../../src/command/cli.ts';

async function scriptFor(shell: string): Promise<string> {
  const written: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  await run(['node', 'latchkey', 'completion', shell], false);
  write.mockRestore();
  return written.join('');
}

const hasBash = spawnSync('bash', ['-c', 'type mapfile compgen']).status === 0;

describe.runIf(hasBash)('completion in bash', () => {
  it.each([
    ['tok', ['token']],
    ['token re', ['revoke']],
    ['token revo', ['revoke']],
    ['token create --mod', ['--models']],
    ['token create name --li', ['--limit']],
    ['tokens cr', []],
    ['mcp --url x app', ['approve']],
  ])('of "latchkey %s" is %j', async (line, expected) => {
    const words = ['latchkey', ...line.split(' ')];
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an expansion of bash
    const ask = 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _latchkey; printf "%s\\n" "${COMPREPLY[@]}"';
    const { stdout, stderr } = spawnSync('bash', ['-c', `${await scriptFor('bash')}\n${ask}`, 'bash', ...words], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(stdout.split('\n').filter((word) => word !== '')).toEqual(expect.arrayContaining(expected));
    if (expected.length === 0) expect(stdout.trim()).toBe('');
  });
});

describe('the scripts', () => {
  it.each(['bash', 'zsh', 'fish'])('for %s name every command, and quote what they say of them', async (shell) => {
    const script = await scriptFor(shell);
    for (const path of ['/token/create', '/mcp/approve', '/completion']) expect(script).toContain(path);
    expect(script.includes('\u001b')).toBe(false);
  });
});
