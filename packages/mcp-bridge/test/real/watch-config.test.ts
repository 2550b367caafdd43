import { EventEmitter, once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type McpJsonWatcher, watchMcpJson } from '../../src/index.ts';

interface Watched {
  readonly path: string;
  readonly watcher: McpJsonWatcher;
  /** Labels of each configuration, and messages of each refusal. */
  readonly told: (readonly string[] | string)[];
  /** Waits until the last of them is this. */
  until(last: readonly string[] | string): Promise<void>;
}

async function watchFile(environment = {}): Promise<Watched> {
  const folder = await mkdtemp(join(tmpdir(), 'watch-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'mcp.json');
  const told: Watched['told'] = [];
  const events = new EventEmitter();
  const tell = (what: readonly string[] | string): void => {
    told.push(what);
    events.emit('told');
  };
  const watcher = watchMcpJson({
    path,
    environment,
    onConfig: ({ servers }) => tell([...servers.keys()]),
    onError: ({ message }) => tell(message),
  });
  onTestFinished(() => watcher[Symbol.dispose]());
  const until = async (last: readonly string[] | string): Promise<void> => {
    // A slow machine may see one change as several.
    while (!isDeepStrictEqual(told.at(-1), last)) await once(events, 'told');
  };
  return { path, watcher, told, until };
}

const withServers = (...labels: string[]): string =>
  JSON.stringify({ mcpServers: Object.fromEntries(labels.map((label) => [label, { command: 'x' }])) });

describe('an mcp.json that is watched', () => {
  it('is read when it is made, when it changes, and when another takes its place', async () => {
    const { path, until } = await watchFile();
    await writeFile(path, withServers('a'));
    await until(['a']);
    await writeFile(path, withServers('a', 'b'));
    await until(['a', 'b']);
    await writeFile(`${path}.new`, withServers('c'));
    await rename(`${path}.new`, path);
    await until(['c']);
  });

  it('is refused when it is wrong, and read again when it is right', async () => {
    const { path, until, watcher } = await watchFile();
    expect(watcher.problem()).toBeNull();
    await writeFile(path, '{"mcpServers": {}, "servers": {}}');
    const wrong = 'mcp.json: servers means the same as "mcpServers"; keep one.';
    await until(wrong);
    expect(watcher.problem()).toBe(wrong);
    await writeFile(path, withServers('a'));
    await until(['a']);
    expect(watcher.problem()).toBeNull();
  });

  it('is read when it is asked for, in order', async () => {
    const { path, watcher, told } = await watchFile();
    await watcher.reload();
    expect(told).toEqual(['The mcp.json could not be read (ENOENT).']);
    await writeFile(path, withServers('a'));
    await Promise.all([watcher.reload(), watcher.reload()]);
    expect(told.slice(1, 3)).toEqual([['a'], ['a']]);
  });

  it('is let alone when nobody wants it any more', async () => {
    const { path, watcher, told } = await watchFile();
    await writeFile(path, withServers('a'));
    const reading = watcher.reload();
    watcher[Symbol.dispose]();
    await reading;
    expect(told).toEqual([]);
  });

  it('is looked at where the system does not report changes, which is told once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-watch-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    // A folder that does not exist cannot be watched.
    const path = join(folder, 'later', 'mcp.json');
    const unwatched: unknown[] = [];
    const read = Promise.withResolvers<readonly string[]>();
    using watcher = watchMcpJson({
      path,
      environment: {},
      onConfig: ({ servers }) => read.resolve([...servers.keys()]),
      onError: (error) => read.reject(error),
      onUnwatched: ({ code }) => unwatched.push(code),
    });
    expect(unwatched).toEqual(['ENOENT']);
    expect(watcher.problem()).toBeNull();
    await mkdir(dirname(path));
    await writeFile(`${path}.new`, withServers('a'));
    await rename(`${path}.new`, path);
    expect(await read.promise).toEqual(['a']);
    expect(unwatched).toEqual(['ENOENT']);
  });
});
