import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';

/*
 * Loaded before the rest of the command. npm installs several packed files globally beside each other, each with what it
 * depends on below it. What auth-core expects to find beside it (its peers) is below the server's package then, which
 * depends on it, and is taken from there.
 */

const PEERS = /^(?:jose|kysely|pg|re2js)(?:\/|$)/;

/** Whether a package is in a `node_modules` above a module, as Node looks for it there. */
function findsPackage(name: string, from: string): boolean {
  for (let place = new URL('./', from); ; place = new URL('../', place)) {
    if (existsSync(new URL(`node_modules/${name}/package.json`, place))) return true;
    if (place.href === new URL('../', place).href) return false;
  }
}

if (!findsPackage('re2js', import.meta.resolve('@latchkey/auth-core'))) {
  registerHooks({
    resolve(specifier, context, next) {
      return next(specifier, PEERS.test(specifier) ? { ...context, parentURL: import.meta.url } : context);
    },
  });
}
