import { expect, it } from 'vitest';
import { toErrorDescription } from '../src/http/index.ts';

it('leaves of a message what a quoted text in a header may hold', () => {
  expect(toErrorDescription('no project "café" in C:\\\r\n')).toBe("no project 'caf?' in C:???");
  expect(toErrorDescription(' !#[]~')).toBe(' !#[]~');
});
