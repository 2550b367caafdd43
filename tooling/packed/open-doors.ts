import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * Imports every entry point of auth-core, and prints for each whether that succeeds, or the beginning of the error. Run
 * as a program in a project in which the package is installed.
 */

const NAME = '@latchkey/auth-core';
const manifest = JSON.parse(readFileSync(join('node_modules', NAME, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, unknown>>;
};
const doors = Object.keys(manifest.exports).filter((door) => !door.endsWith('.json'));
const outcomes = doors.map(async (door) => {
  const outcome = await import(`${NAME}${door.slice(1)}`).then(
    () => 'opens',
    (error: unknown) => (error instanceof Error ? error.message.replace(/ imported from .*/s, '') : String(error)),
  );
  return [door, outcome] as const;
});
console.log(JSON.stringify(Object.fromEntries(await Promise.all(outcomes))));
