import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeTinyEmbedding } from '../../tooling/models/tiny-embedding.ts';
import { modelsFolder } from './server.ts';

export const TINY_EMBEDDING = 'latchkey/tiny-embedding';

/** Makes a models folder with nano and a small model that makes embeddings. */
export function makeModelsFolder(folder: string): string {
  const models = join(folder, 'models');
  mkdirSync(join(models, 'latchkey'), { recursive: true });
  copyFileSync(join(modelsFolder, 'latchkey', 'nano.gguf'), join(models, 'latchkey', 'nano.gguf'));
  writeFileSync(join(models, 'latchkey', 'tiny-embedding.gguf'), writeTinyEmbedding());
  return models;
}
