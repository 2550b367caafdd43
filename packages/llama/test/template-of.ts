import { readFile, writeFile } from 'node:fs/promises';
import { NANO } from './nano.ts';

const KEY = 'tokenizer.chat_template';

/** Writes nano with another chat template, which is no longer than its own. */
export async function writeNanoWith(template: string, path: string): Promise<string> {
  const bytes = await readFile(NANO);
  // A key is followed by a type of four bytes and a length of eight.
  const start = bytes.indexOf(KEY) + KEY.length + 4;
  const length = Number(bytes.readBigUInt64LE(start));
  if (template.length > length - 4) throw new Error(`the template is longer than ${length - 4} characters`);
  bytes.write(`${template}{#${' '.repeat(length - 4 - template.length)}#}`, start + 8);
  await writeFile(path, bytes);
  return path;
}
