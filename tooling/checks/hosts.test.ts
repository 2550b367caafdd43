import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLinkedProject, type LinkedProject } from '../packed/linked-project.ts';

const packed = join(import.meta.dirname, '..', 'packed');
const installed = join(import.meta.dirname, '..', 'node_modules');
const HOSTS = ['express', 'fastify', 'hono', 'koa'];
const NEST = ['@nestjs/common', '@nestjs/core', '@nestjs/platform-express', 'reflect-metadata', 'rxjs'];
const OTHERS = [
  '@types/node',
  'jest',
  'next',
  'next-test-api-route-handler',
  'serverless-http',
  'typescript-5',
  'vitest',
];

/* Each host is a small application on the packed packages, which asks itself. Express, Fastify, Hono on Node, Koa and
 * fetch handlers are tried with more, the whole contract of adapters, in `installed-packages.test.ts`. */

/** Without a token, with one that does not exist, with one that may not, and with one that may. */
const ANSWERS = ['401 AUTH_TOKEN_MISSING', '401 AUTH_TOKEN_UNKNOWN', '403 AUTH_PERMISSION_DENIED', '200 ci'];

let project: LinkedProject;
beforeAll(() => {
  project = createLinkedProject(['auth-core', 'koa-auth'], [...HOSTS, ...NEST, ...OTHERS]);
  for (const folder of ['hosts', 'nest', 'jest', 'vitest']) project.add(join(packed, folder));
});
afterAll(() => project[Symbol.dispose]());

const runHost = (name: string): unknown => JSON.parse(project.run(process.execPath, [join('hosts', `${name}.ts`)]));

describe('auth-core runs in', { timeout: 120_000 }, () => {
  it('node:http, at a port, and at a Unix socket behind a proxy', () => {
    expect(runHost('node-http')).toEqual({
      answers: ANSWERS,
      behindProxy: ['200 10.1.2.3', '200 10.1.2.3', '403', '403', '403'],
    });
  });

  it('node:http2', () => {
    expect(runHost('http2')).toEqual({ answers: ANSWERS });
  });

  it('AWS Lambda, through serverless-http', () => {
    expect(runHost('lambda')).toEqual({ express: ANSWERS, koa: ANSWERS });
  });

  it('a route handler of Next.js', () => {
    expect(runHost('next')).toEqual({ answers: ANSWERS });
  });

  it('a guard of NestJS, compiled to CommonJS with node10 resolution', () => {
    writeFileSync(join(project.path, 'nest', 'package.json'), '{"type":"commonjs"}');
    project.run(process.execPath, [join('node_modules', 'typescript-5', 'bin', 'tsc'), '-p', 'nest']);
    writeFileSync(join(project.path, 'compiled', 'package.json'), '{"type":"commonjs"}');
    expect(JSON.parse(project.run(process.execPath, [join('compiled', 'nest', 'main.js')]))).toEqual({
      answers: ANSWERS,
    });
  });

  it('jest with its flag for ES modules, in a test of CommonJS and in an ES module', () => {
    const jest = join('node_modules', 'jest', 'bin', 'jest.js');
    writeFileSync(join(project.path, 'jest', 'package.json'), '{}');
    const config = { rootDir: 'jest', testMatch: ['**/*.test.{cjs,mjs}'], transform: {} };
    const flags = ['--experimental-vm-modules', jest, '--runInBand', '--config', JSON.stringify(config)];
    project.run(process.execPath, flags);
  });

  it('vitest', () => {
    const vitest = join('node_modules', 'vitest', 'vitest.mjs');
    expect(project.run(process.execPath, [vitest, 'run', '--root', 'vitest', '--reporter', 'tap'])).toContain('ok 1');
  });
});

/** Programs of packages that are installed where there is one for the machine. */
const runtimes = {
  workerd: join(installed, '@cloudflare', 'workerd-linux-64', 'bin', 'workerd'),
  Bun: join(installed, '@oven', 'bun-linux-x64', 'bin', 'bun'),
  Deno: join(installed, '@deno', 'linux-x64-glibc', 'deno'),
};
const missing = Object.entries(runtimes).filter(([, command]) => !existsSync(command));
if (missing.length > 0) {
  console.warn(`auth-core was not tried where it is not installed: ${missing.map(([name]) => name).join(', ')}.`);
}

/** Bundles a program with the packed packages. */
async function bundle(program: string): Promise<string> {
  const outfile = join(project.path, `${program}.js`);
  await build({
    entryPoints: [join(project.path, 'hosts', `${program}.ts`)],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['worker', 'import'],
    outfile,
  });
  return outfile;
}

describe('auth-core runs, with Hono, in', { timeout: 120_000 }, () => {
  it.runIf(existsSync(runtimes.workerd))('workerd', async () => {
    await bundle('worker');
    const config = join(project.path, 'config.capnp');
    writeFileSync(
      config,
      `using Workerd = import "/workerd/workerd.capnp";
      const config :Workerd.Config = (
        services = [(name = "main", worker = (
          modules = [(name = "worker", esModule = embed "worker.js")], compatibilityDate = "2026-01-01"))],
        sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
      );`,
    );
    const child = spawn(runtimes.workerd, ['serve', config, '--control-fd=3'], {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    });
    try {
      const [line] = (await once(createInterface(child.stdio[3] as NodeJS.ReadableStream), 'line')) as [string];
      const { port } = JSON.parse(line) as { readonly port: number };
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).json()).toEqual({ answers: ANSWERS });
    } finally {
      child.kill();
      await once(child, 'close');
    }
  });

  it.runIf(existsSync(runtimes.Bun))('Bun', () => {
    expect(JSON.parse(project.run(runtimes.Bun, ['run', join('hosts', 'as-a-program.ts')]))).toEqual({
      answers: ANSWERS,
    });
  });

  it.runIf(existsSync(runtimes.Deno))('Deno', () => {
    const flags = ['run', '--no-lock', '--no-check', '--node-modules-dir=manual', '--allow-all'];
    expect(JSON.parse(project.run(runtimes.Deno, [...flags, join('hosts', 'as-a-program.ts')]))).toEqual({
      answers: ANSWERS,
    });
  });
});
