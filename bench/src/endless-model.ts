import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const nano = join(import.meta.dirname, '..', '..', 'models', 'latchkey', 'nano.gguf');

/**
 * The nano model, changed so that it never ends a turn: a rate is measured over many tokens, and its own answers have
 * only forty. Its end-of-turn token gets a text that llama.cpp does not recognize as an end, and another token becomes
 * the end.
 */
export function writeEndlessModel(): { readonly folder: string; readonly key: string; readonly path: string } {
  const file = readFileSync(nano);
  for (let at = file.indexOf('<|im_end|>'); at !== -1; at = file.indexOf('<|im_end|>', at))
    file.write('<|im_on_|>', at);
  const key = 'tokenizer.ggml.eos_token_id';
  // GGUF: the key, its type in 4 bytes, its value in 4 bytes.
  file.writeUInt32LE(1280, file.indexOf(key) + key.length + 4);
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-models-'));
  mkdirSync(join(folder, 'bench'));
  const path = join(folder, 'bench', 'endless.gguf');
  writeFileSync(path, file);
  return { folder, key: 'bench/endless', path };
}
