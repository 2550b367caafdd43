import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readGrant } from '../../src/command/read-grant.ts';
import { temporaryFolder, writeFiles } from '../scripted/temporary-folder.ts';

describe('readGrant', () => {
  it('reads JSON, and leaves its meaning to the server', () => {
    expect(readGrant('{"actions":["chat"],"other":1}')).toEqual({ actions: ['chat'], other: 1 });
  });

  it('reads a file that is named with @', () => {
    const folder = temporaryFolder();
    writeFiles(folder, { 'grant.json': '{"actions":[]}' });
    expect(readGrant(`@${join(folder, 'grant.json')}`)).toEqual({ actions: [] });
  });

  it('says where JSON is wrong', () => {
    const folder = temporaryFolder();
    writeFiles(folder, { 'grant.json': '{' });
    const path = join(folder, 'grant.json');
    expect(() => readGrant('{')).toThrow('--grant: not valid JSON');
    expect(() => readGrant(`@${path}`)).toThrow(`${path}: not valid JSON`);
  });

  it('says which file is not there', () => {
    expect(() => readGrant('@/nonexistent.json')).toThrow(
      "--grant @/nonexistent.json: the file can't be read (ENOENT)",
    );
  });
});
