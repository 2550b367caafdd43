import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import manifest from '../../packages/auth-core/package.json' with { type: 'json' };
import { createLinkedProject, type LinkedProject } from '../packed/linked-project.ts';

const consumer = join(import.meta.dirname, '..', 'packed', 'types', 'consumer.ts');
const links = ['jose', 'kysely', '@types/node'];
const compilers = { 5: 'typescript-5', 6: 'typescript-6', 7: 'typescript' } as const;

const projects = new Map<string, LinkedProject>();
afterAll(() => {
  for (const project of projects.values()) project[Symbol.dispose]();
});

function projectOf(type: 'module' | 'commonjs'): LinkedProject {
  let project = projects.get(type);
  if (project === undefined) {
    project = createLinkedProject(['auth-core'], [...links, ...Object.values(compilers)], type);
    project.add(consumer);
    projects.set(type, project);
  }
  return project;
}

interface Settings {
  readonly module: string;
  readonly moduleResolution: string;
  readonly type: 'module' | 'commonjs';
}

/** Compiles the consumer with one version of the compiler; returns the errors, and writes what it is compiled to. */
function compile(version: keyof typeof compilers, { type, ...modules }: Settings): string {
  const project = projectOf(type);
  const compilerOptions = {
    ...modules,
    target: 'es2022',
    lib: ['es2024', 'dom', 'esnext.disposable'],
    types: ['node'],
    strict: true,
    skipLibCheck: true,
    outDir: 'compiled',
    ...(version === 6 && { ignoreDeprecations: '6.0' }),
  };
  writeFileSync(join(project.path, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
  try {
    return project.run(process.execPath, [join('node_modules', compilers[version], 'bin', 'tsc'), '-p', '.']);
  } catch (error) {
    return String(error);
  }
}

const commonjs = { module: 'commonjs', moduleResolution: 'node10', type: 'commonjs' } as const;
const node16 = { module: 'node16', moduleResolution: 'node16', type: 'module' } as const;
const nodenext = { module: 'nodenext', moduleResolution: 'nodenext' } as const;
const bundler = { module: 'esnext', moduleResolution: 'bundler', type: 'module' } as const;

describe('the manifest of auth-core', () => {
  it('has types at each door for tools that do not read exports', () => {
    const typed = Object.entries(manifest.exports).flatMap(([door, entry]) =>
      typeof entry === 'string' || door === '.' ? [] : [[door.slice(2), [entry.types]] as const],
    );
    expect(manifest.typesVersions['*']).toEqual(Object.fromEntries(typed));
    const { types, default: main } = manifest.exports['.'];
    expect([manifest.types, manifest.main]).toEqual([types, main]);
  });
});

describe('the packed types', { timeout: 120_000 }, () => {
  it.each([
    [5, 'commonjs with node10', commonjs],
    [6, 'commonjs with node10', commonjs],
    [5, 'node16', node16],
    [7, 'node16', node16],
    [5, 'nodenext from CommonJS', { ...nodenext, type: 'commonjs' }],
    [7, 'nodenext', { ...nodenext, type: 'module' }],
    [5, 'bundler', bundler],
    [7, 'bundler', bundler],
  ] as const)('are read by TypeScript %s with %s', (version, _, settings) => {
    expect(compile(version, settings)).toBe('');
  });

  it('are refused from CommonJS with node16, since Node 16 could not load them: docs/in-your-system.md says so', () => {
    expect(compile(5, { ...node16, type: 'commonjs' })).toContain('TS1479');
  });

  it('are of code that the compiled CommonJS loads', () => {
    expect(compile(5, commonjs)).toBe('');
    const program = "require('./compiled/consumer.js').main().then((name) => console.log(name))";
    expect(projectOf('commonjs').run(process.execPath, ['-e', program]).trim()).toBe('cici');
  });
});
