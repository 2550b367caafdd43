import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from './sources.ts';

it('the card of the nano model describes the file that lies beside it', () => {
  const folder = join(root, 'models', 'latchkey');
  const digest = createHash('sha256')
    .update(readFileSync(join(folder, 'nano.gguf')))
    .digest('hex');
  expect(readFileSync(join(folder, 'nano.md'), 'utf8')).toContain(`\`${digest}\``);
});
