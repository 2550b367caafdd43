import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const packages = new URL('../../../', import.meta.url).pathname;

const NAME = '(?:secret|digest|commitment|signature|attenuationKey|hmac|password|sealed|subjectToken)';
const COMPARISON = new RegExp(`${NAME}\\w*\\s*[!=]==?|[!=]==?\\s*(?:[\\w?]+\\.)*\\w*${NAME}\\b`, 'i');
/** Whether there is one at all, or what type it has, is no secret. */
const HARMLESS = /[!=]== (?:undefined|null|true|false|'')|typeof \w+ [!=]==/;

it('compares no secret or digest with an operator that stops at the first difference (timing)', () => {
  const files = globSync('{auth-core,koa-auth,client,server}/src/**/*.ts', { cwd: packages });
  expect(files.length).toBeGreaterThan(200);
  const offending = files.flatMap((file) =>
    readFileSync(join(packages, file), 'utf8')
      .split('\n')
      .filter((line) => COMPARISON.test(line) && !HARMLESS.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  expect(offending).toEqual([]);
});
