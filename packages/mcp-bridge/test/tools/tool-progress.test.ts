import { expect, it } from 'vitest';
import { cleanProgress } from '../../src/tools/tool-progress.ts';

it('progress shows what is hidden in its words, and not at any length', () => {
  expect(cleanProgress({ progress: 1, total: 4, message: 'half\u200B way\u202E' })).toEqual({
    progress: 1,
    total: 4,
    message: 'half\\u{200B} way\\u{202E}',
  });
  expect(cleanProgress({ progress: 1, message: 'x'.repeat(100_000) }).message).toHaveLength(500);
  expect(cleanProgress({ progress: 1, total: undefined })).toEqual({ progress: 1 });
});
