import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openJobFiles } from '../../src/downloads/job-files.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';
import { runCommand } from './poison/run-command.ts';

const CONTENT = 'GGUF and what follows';
const OTHER = 'GGUF and what followx';
const DIGEST = createHash('sha256').update(CONTENT).digest('hex');

function place() {
  const folder = temporaryFolder();
  const [data, models] = [join(folder, 'data'), join(folder, 'models')];
  mkdirSync(data, { mode: 0o700 });
  const write = (path: string, content: string): string => {
    const file = join(models, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  };
  const run = (...args: readonly string[]) =>
    runCommand(['models', 'verify', '--data', data, '--models', models, ...args], {
      isTerminal: false,
      input: '',
      environment: { HOME: folder },
    });
  const states = async (...args: readonly string[]) => {
    const { stdout, exitCode } = await run('--json', ...args);
    const { files } = JSON.parse(stdout) as { files: { file: string; state: string; from?: string; code?: string }[] };
    return { exitCode, files: files.map(({ file, state, from, code }) => [file, state, from ?? code]) };
  };
  return { folder, data, models, write, run, states };
}

describe('latchkey models verify', () => {
  it('knows the digest of a download, of each part, and the latest of two', async () => {
    const { data, write, states } = place();
    const part = (number: number) => `big-0000${number}-of-00002.gguf`;
    for (const path of ['acme/one/one.gguf', `acme/big/big/${part(1)}`]) write(path, CONTENT);
    write(`acme/big/big/${part(2)}`, OTHER);
    const keep = (repository: string, names: readonly string[], sha256: string, day: number) =>
      openJobFiles(join(data, 'downloads')).keep({
        id: `job_000000000${day}`,
        model: `acme/${repository}`,
        publisher: 'acme',
        repository,
        files: names.map((name) => ({ url: 'https://example.com/x', name, bytes: CONTENT.length, sha256 })),
        startedAt: `2026-01-0${day}T00:00:00Z`,
        status: 'completed',
        etags: {},
      });
    await keep('one', ['one.gguf'], 'f'.repeat(64), 1);
    await keep('one', ['one.gguf'], DIGEST, 2);
    await keep('big', [part(1), part(2)], DIGEST, 3);
    expect(await states()).toEqual({
      exitCode: 9,
      files: [
        [`acme/big/big/${part(1)}`, 'same', 'download'],
        [`acme/big/big/${part(2)}`, 'differs', 'download'],
        ['acme/one/one.gguf', 'same', 'download'],
      ],
    });
    expect((await states('acme/one')).exitCode).toBe(0);
  });

  it.each([
    ['a blob of Ollama', `sha256-${DIGEST}`],
    ['a blob of Hugging Face', DIGEST],
  ])('knows the digest that is the name of %s, to which a link leads', async (_, name) => {
    const { folder, models, write, states } = place();
    write('acme/plain.gguf', CONTENT);
    for (const [link, content] of [
      ['good', CONTENT],
      ['bad', OTHER],
    ] as const) {
      mkdirSync(join(folder, link));
      writeFileSync(join(folder, link, name), content);
      symlinkSync(join(folder, link, name), join(models, 'acme', `${link}.gguf`));
    }
    expect(await states()).toEqual({
      exitCode: 9,
      files: [
        ['acme/bad.gguf', 'differs', 'name'],
        ['acme/good.gguf', 'same', 'name'],
        ['acme/plain.gguf', 'unknown', undefined],
      ],
    });
  });

  it('reads the records of Hugging Face in a folder, and the files of sha256sum', async () => {
    const { write, states } = place();
    write('acme/nano/q8/nano.gguf', OTHER);
    write(
      'acme/nano/.cache/huggingface/download/q8/nano.gguf.metadata',
      `${'a'.repeat(40)}\n${DIGEST}\n1700000000.5\n`,
    );
    write('acme/sum.gguf', CONTENT);
    write('acme/sum.gguf.sha256', `${DIGEST.toUpperCase()}  sum.gguf\n`);
    // The etag of a small file is no digest of its content.
    write('acme/small.gguf', CONTENT);
    write('acme/.cache/huggingface/download/small.gguf.metadata', `${'a'.repeat(40)}\n${'b'.repeat(40)}\n1\n`);
    expect((await states()).files).toEqual([
      ['acme/nano/q8/nano.gguf', 'differs', 'hugging face'],
      ['acme/small.gguf', 'unknown', undefined],
      ['acme/sum.gguf', 'same', 'file beside it'],
    ]);
  });

  it.skipIf(!existsSync('/proc/self/mem'))('goes on after what it cannot read, and says it', async () => {
    const { models, write, states } = place();
    write('acme/sum.gguf', CONTENT);
    write('acme/sum.gguf.sha256', DIGEST);
    symlinkSync('circle.gguf', join(models, 'acme/circle.gguf'));
    // A file whose first byte cannot be read, by root either.
    symlinkSync('/proc/self/mem', join(models, 'acme/mem.gguf'));
    write('acme/mem.gguf.sha256', DIGEST);
    expect(await states()).toEqual({
      exitCode: 9,
      files: [
        ['acme/circle.gguf', 'unreadable', 'ELOOP'],
        ['acme/mem.gguf', 'unreadable', 'file beside it'],
        ['acme/sum.gguf', 'same', 'file beside it'],
      ],
    });
  });

  it('says in words what differs and what to do, and that there is no such model', async () => {
    const { write, run } = place();
    write('acme/sum.gguf', OTHER);
    write('acme/sum.gguf.sha256', DIGEST);
    const { stdout, stderr } = await run();
    expect(stdout).toContain(`and that of the file .sha256 beside it is ${DIGEST}`);
    expect(stderr).toMatch(/0 as they came, 1 with another content, 0 not known.*\n.*latchkey rm, latchkey pull/);
    expect(await run('acme/none')).toMatchObject({ exitCode: 5, stdout: '' });
  });
});
