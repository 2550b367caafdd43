import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const source = new URL('../../src/', import.meta.url).pathname;

it('compares no secret or digest with an operator that stops at the first difference', () => {
  const offending = globSync('**/*.ts', { cwd: source }).flatMap((file) =>
    readFileSync(join(source, file), 'utf8')
      .split('\n')
      .filter((line) => /(?:secret|digest)\w*\s*[!=]==|[!=]==\s*(?:\w+\.)?(?:secret|digest)/i.test(line))
      // Whether there is one at all is no secret.
      .filter((line) => !/=== undefined/.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  expect(offending).toEqual([]);
});
