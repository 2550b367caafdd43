import { describe, expect, it } from 'vitest';
import { findCircles } from './circles.ts';
import {
  AUTH_CORE_NODE_FOLDERS,
  CIRCLES,
  PACKAGE_FLOORS,
  PACKAGE_FORBIDDEN,
  SERVER_FLOORS,
  SERVER_FORBIDDEN,
  STRANGERS,
} from './floors.ts';
import { importsOf, readSources, type SourceFile } from './sources.ts';

const server = 'packages/server/src/';
const serverFiles = readSources(`${server}**/*.ts`);
const floorOf = (path: string): number => {
  const part = path.slice(server.length).split('/')[0] ?? '';
  return SERVER_FLOORS.findIndex((floor) => floor.includes(part));
};
const partOf = (path: string): string => path.slice(server.length).split('/')[0] ?? '';

describe('packages', () => {
  it.each(Object.entries(PACKAGE_FLOORS))('%s imports nothing of ours but what lies below it', (folder, allowed) => {
    const files = readSources(`${folder}/src/**/*.{ts,tsx}`, ...(folder.includes('/') ? [] : [`${folder}/**/*.ts`]));
    const own = `@latchkey/${folder.split('/').at(-1)}`;
    const breaches = files.flatMap((file) =>
      importsOf(file)
        .filter((name) => name.startsWith('@latchkey/') && name !== own && !allowed.includes(name))
        .map((name) => `${file.path} imports ${name}`),
    );
    expect(breaches).toEqual([]);
  });

  it.each(Object.entries(PACKAGE_FORBIDDEN))('%s sees nothing that is none of its business', (folder, forbidden) => {
    const breaches = readSources(`${folder}/src/**/*.{ts,tsx}`).flatMap((file) =>
      importsOf(file)
        .filter((name) => forbidden.test(name))
        .map((name) => `${file.path} imports ${name}`),
    );
    expect(breaches).toEqual([]);
  });

  it.each(Object.keys(PACKAGE_FLOORS))('%s reaches into no other package by a path', (folder) => {
    const breaches = readSources(`${folder}/src/**/*.{ts,tsx}`).flatMap((file) =>
      importsOf(file)
        .filter((name) => /^(packages|apps|e2e|bench)\//.test(name) && !name.startsWith(`${folder}/`))
        .map((name) => `${file.path} imports ${name}`),
    );
    expect(breaches).toEqual([]);
  });
});

describe('the files and folders of a folder', () => {
  it('import each other in no circle but the known ones', () => {
    const found = Object.keys(PACKAGE_FLOORS)
      .filter((folder) => folder.startsWith('packages/'))
      .flatMap((folder) => findCircles(`${folder}/src`));
    expect(found.toSorted()).toEqual(CIRCLES);
  });

  it.each(STRANGERS)('do not know each other in %s', (folder) => {
    const neighbourOf = (path: string): string | undefined =>
      path.startsWith(`${folder}/`) ? path.slice(folder.length + 1).match(/^([^/]+)\//)?.[1] : undefined;
    const breaches = readSources(`${folder}/*/**/*.ts`).flatMap((file) =>
      importsOf(file)
        .filter((target) => ![undefined, neighbourOf(file.path)].includes(neighbourOf(target)))
        .map((target) => `${file.path} imports ${target}`),
    );
    expect(breaches).toEqual([]);
  });
});

describe('the server', () => {
  it('has a floor for every folder', () => {
    expect(serverFiles.filter((file) => floorOf(file.path) === -1).map((file) => file.path)).toEqual([]);
  });

  it('imports go down only', () => {
    expect(serverFiles.flatMap(risingImports)).toEqual([]);
  });

  it.each(Object.entries(SERVER_FORBIDDEN))('%s/ does not see what is none of its business', (folder, forbidden) => {
    const breaches = serverFiles
      .filter((file) => partOf(file.path) === folder)
      .flatMap((file) =>
        importsOf(file)
          .filter((name) => forbidden.includes(name))
          .map((name) => `${file.path} imports ${name}`),
      );
    expect(breaches).toEqual([]);
  });

  it.each(['anthropic', 'lmstudio', 'openai'])('the dialect %s has the files that every dialect has', (name) => {
    const folder = `${server}dialects/${name}/`;
    const files = readSources(`${folder}*.ts`).map(({ path }) => path.slice(folder.length));
    expect(files).toEqual(expect.arrayContaining(['errors.ts', 'index.ts', 'parse.ts', 'render.ts', 'schema.ts']));
  });

  it('constructs engines in the composition root, and to examine them', () => {
    const breaches = serverFiles.filter(
      (file) =>
        !file.path.startsWith(`${server}engines/`) &&
        ![`${server}create-server.ts`, `${server}index.ts`, `${server}doctor/examine-engine.ts`].includes(file.path) &&
        importsOf(file).some((name) => name === '@latchkey/llama' || name.startsWith(`${server}engines/`)),
    );
    expect(breaches.map((file) => file.path)).toEqual([]);
  });
});

describe('auth-core', () => {
  it('needs no Node outside of the folders that open files and connections', () => {
    const folder = 'packages/auth-core/src/';
    const needsNode = (path: string) => AUTH_CORE_NODE_FOLDERS.some((part) => path.startsWith(`${folder}${part}/`));
    const breaches = readSources(`${folder}**/*.ts`)
      .filter((file) => !needsNode(file.path))
      .flatMap((file) =>
        importsOf(file)
          .filter((name) => name.startsWith('node:') || needsNode(name))
          .map((name) => `${file.path} imports ${name}`),
      );
    expect(breaches).toEqual([]);
  });

  it('speaks HTTP behind one door, on which its adapters stand', () => {
    const http = 'packages/auth-core/src/http/';
    const users = readSources('packages/auth-core/src/**/*.ts')
      .filter((file) => importsOf(file).some((name) => name.startsWith(http)))
      .map((file) => file.path.split('/')[3]);
    expect([...new Set(users)]).toEqual(['adapters', 'http', 'testing', 'token-api']);
  });
});

function risingImports(file: SourceFile): readonly string[] {
  return importsOf(file)
    .filter((target) => target.startsWith(server))
    .filter((target) => partOf(target) !== partOf(file.path) && floorOf(target) >= floorOf(file.path))
    .map((target) => `${file.path} imports ${target}`);
}
