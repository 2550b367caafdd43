import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ConfigurationError, type ConnectionOptions, resolveConnection } from '../src/index.ts';
import { newHome } from './scripted/home.ts';

/** What is paired with what, and what is not; the client for Python is tried with the same. */
const table: readonly {
  readonly name: string;
  readonly arguments?: ConnectionOptions;
  readonly variables?: Readonly<Record<string, string>>;
  readonly file?: string;
  readonly found?: object;
  readonly error?: string;
}[] = JSON.parse(readFileSync(new URL('./pairing.json', import.meta.url), 'utf8'));

describe('a token goes to its own server alone:', () => {
  for (const { name, arguments: options, variables, file, found, error } of table) {
    it(name, () => {
      const environment = { ...newHome(file).environment, ...variables };
      const resolve = () => resolveConnection({ ...options, environment });
      if (error === undefined) return expect(resolve()).toEqual(found);
      const failure = (() => {
        try {
          return resolve();
        } catch (thrown) {
          return thrown;
        }
      })();
      expect(failure).toBeInstanceOf(ConfigurationError);
      expect(failure).toMatchObject({ code: error });
      expect(String(failure)).not.toMatch(/of-(?:default|named|bare|variable)/);
    });
  }
});
