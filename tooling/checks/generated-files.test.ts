import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readMeanings } from '../documents/code-table.ts';
import { GENERATED_FILES } from '../documents/generated.ts';
import { root } from './sources.ts';

describe('what `pnpm generate` writes', () => {
  it.each(GENERATED_FILES)('$path is what the code says', ({ path, render }) => {
    const file = join(root, path);
    expect(existsSync(file) && readFileSync(file, 'utf8')).toBe(render());
  });

  it('says what each code means, and of no other', () => {
    const path = 'packages/mcp-bridge/src/errors.ts';
    expect(() => readMeanings(path, ['MCP_NOBODY_TOLD'])).toThrow('MCP_NOBODY_TOLD');
    expect(() => readMeanings(path, ['MCP_CLOSED'])).toThrow('MCP_DENIED');
  });
});
