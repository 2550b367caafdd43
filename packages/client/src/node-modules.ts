/** Node's modules, loaded when they are needed, so that a browser can import this package. */

type Modules = {
  readonly 'node:crypto': typeof import('node:crypto');
  readonly 'node:fs': typeof import('node:fs');
  readonly 'node:os': typeof import('node:os');
  readonly 'node:path': typeof import('node:path');
};

/** A module of Node; undefined where there is none. Bun and Deno have them as well. */
export function findNodeModule<Name extends keyof Modules>(name: Name): Modules[Name] | undefined {
  return globalThis.process?.getBuiltinModule?.(name) as Modules[Name] | undefined;
}

/** The same, for code that runs only where there is a file system. */
export function nodeModule<Name extends keyof Modules>(name: Name): Modules[Name] {
  const found = findNodeModule(name);
  if (found === undefined) throw new TypeError(`There is no ${name} here: profiles are kept in files.`);
  return found;
}
