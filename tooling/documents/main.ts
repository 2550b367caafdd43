import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GENERATED_FILES } from './generated.ts';

const root = join(import.meta.dirname, '..', '..');

for (const { path, render } of GENERATED_FILES) writeFileSync(join(root, path), render());
