import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSecretFiles } from '../../src/config/secret-files.ts';
import { temporaryFolder, writeFiles } from '../scripted/temporary-folder.ts';

function fileWith(text: string): string {
  const folder = temporaryFolder();
  writeFiles(folder, { secret: text });
  return join(folder, 'secret');
}

describe('a file that stands for a secret', () => {
  it.each(['LATCHKEY_SECRET', 'LATCHKEY_DATABASE', 'LATCHKEY_API_TOKEN'])('gives %s', (name) => {
    expect(readSecretFiles({ [`${name}_FILE`]: fileWith('s3cret') })).toEqual({ [name]: 's3cret' });
  });

  it.each(['s3cret\n', 's3cret\r\n', '\uFEFFs3cret\n\n'])('is taken without what editors add: %j', (text) => {
    expect(readSecretFiles({ LATCHKEY_SECRET_FILE: fileWith(text) })).toEqual({ LATCHKEY_SECRET: 's3cret' });
  });

  it('keeps blanks, which may be meant', () => {
    expect(readSecretFiles({ LATCHKEY_SECRET_FILE: fileWith(' a b \n') })).toEqual({ LATCHKEY_SECRET: ' a b ' });
  });

  it('is none while its variable is empty', () => {
    expect(readSecretFiles({ LATCHKEY_SECRET_FILE: '' })).toEqual({});
  });

  it.each([
    ['is empty', () => ({ LATCHKEY_SECRET_FILE: fileWith('\n') })],
    ['is not there', () => ({ LATCHKEY_SECRET_FILE: '/nonexistent/secret' })],
    ['stands beside the secret itself', () => ({ LATCHKEY_SECRET: 'x', LATCHKEY_SECRET_FILE: fileWith('y') })],
  ])('is refused when it %s', (_, environment) => {
    expect(() => readSecretFiles(environment())).toThrow(/LATCHKEY_SECRET|nonexistent/);
  });
});
