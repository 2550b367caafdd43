import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineContract } from '@latchkey/engine/testing';
import { afterAll, describe, it } from 'vitest';
import { writeTinyEmbedding } from '../../../tooling/models/tiny-embedding.ts';
import { NANO, newEngine } from './nano.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
mkdirSync(join(folder, 'latchkey'));
copyFileSync(NANO, join(folder, 'latchkey', 'nano.gguf'));
writeFileSync(join(folder, 'latchkey', 'tiny-embedding.gguf'), writeTinyEmbedding());
const engine = newEngine({ folder });
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const keys = { key: 'latchkey/nano', embeddingKey: 'latchkey/tiny-embedding' };

describe('the embedded engine', () => {
  it.each(engineContract(async () => ({ engine, ...keys, [Symbol.asyncDispose]: async () => {} })))(
    '$name',
    ({ run }) => run(),
  );
});
