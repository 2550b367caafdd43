import { chmodSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processUser } from '@latchkey/auth-core/private-files';
import { describe, expect, it } from 'vitest';
import { findExposure, type PathKind } from '../../src/config/private-path.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

const user = processUser();

/** What others can do at `path`, in a folder that everybody can enter. */
function exposureOf(path: string, kind: PathKind, as = user): string {
  const exposure = findExposure(path, kind, as);
  return exposure === undefined ? 'none' : `${exposure.access}: ${exposure.message}`;
}

function openFolder(mode = 0o755): string {
  const folder = temporaryFolder();
  chmodSync(folder, mode);
  return folder;
}

function file(path: string, mode: number): string {
  writeFileSync(path, 'text');
  chmodSync(path, mode);
  return path;
}

function folder(path: string, mode: number): string {
  mkdirSync(path);
  chmodSync(path, mode);
  return path;
}

describe.skipIf(user === undefined)('a folder of our own', () => {
  it('is private with mode 0700, and when it is not there yet', () => {
    const parent = openFolder();
    expect(exposureOf(folder(join(parent, 'data'), 0o700), 'folder')).toBe('none');
    expect(exposureOf(join(parent, 'missing/data'), 'folder')).toBe('none');
  });

  it.each([
    [0o777, 'write'],
    [0o770, 'write'],
    [0o1777, 'write'],
    [0o755, 'read'],
    [0o705, 'read'],
    [0o740, 'read'],
  ])('is not with mode %o, and the message has the command to type', (mode, access) => {
    const path = folder(join(openFolder(), 'data'), mode);
    expect(exposureOf(path, 'folder')).toMatch(new RegExp(`^${access}: .*chmod 700 ${path}$`));
  });

  it('is not when another user has made it, whatever its mode, for root either', () => {
    const path = folder(join(openFolder(), 'data'), 0o700);
    expect(exposureOf(path, 'folder', { uid: (user?.uid ?? 0) + 1, groups: [] })).toContain('belongs to another user');
  });
});

describe.skipIf(user === undefined)('a file that we read', () => {
  it.each([
    [0o600, 'none'],
    [0o644, 'read'],
    [0o640, 'read'],
    [0o604, 'read'],
    [0o660, 'write'],
    [0o602, 'write'],
    [0o666, 'write'],
  ])('with mode %o in a folder that others enter is open to %s', (mode, access) => {
    expect(exposureOf(file(join(openFolder(), 'mcp.json'), mode), 'file').split(':')[0]).toBe(access);
  });

  it.each([
    [0o644, 'none'],
    [0o664, 'none'],
    [0o666, 'write'],
  ])('with mode %o in a folder that is closed is open to %s', (mode, access) => {
    expect(exposureOf(file(join(openFolder(0o700), 'mcp.json'), mode), 'file').split(':')[0]).toBe(access);
  });

  it('prints a command that a shell takes', () => {
    const path = file(join(openFolder(), "it's mine; really.json"), 0o644);
    expect(exposureOf(path, 'file')).toContain("chmod 600 '");
    expect(exposureOf(path, 'file')).toContain("it'\\''s mine; really.json'");
  });

  it('of root may be readable by a group of ours, as a cluster mounts its secrets, and by no other', () => {
    const path = file(join(openFolder(), 'secret.key'), 0o440);
    const isRoot = user?.uid === 0;
    // Only root can make a file of root.
    expect(exposureOf(path, 'file', { uid: 12_345, groups: [12_345] })).not.toBe('none');
    if (isRoot) expect(exposureOf(path, 'file', { uid: 12_345, groups: [12_345, 0] })).toBe('none');
    chmodSync(path, 0o444);
    expect(exposureOf(path, 'file', { uid: 12_345, groups: [12_345, 0] })).not.toBe('none');
  });
});

describe.skipIf(user === undefined)('on the way to a path', () => {
  it('a folder that others can write is an exposure, unless it is sticky', () => {
    const parent = folder(join(openFolder(), 'shared'), 0o777);
    const data = folder(join(parent, 'data'), 0o700);
    expect(exposureOf(data, 'folder')).toMatch(new RegExp(`^write: ${parent} .*chmod go-w ${parent}$`));
    expect(exposureOf(join(parent, 'missing'), 'folder')).toContain('write');
    chmodSync(parent, 0o1777);
    expect(exposureOf(data, 'folder')).toBe('none');
  });

  it('a group that can write is others, too', () => {
    const parent = folder(join(openFolder(), 'team'), 0o775);
    expect(exposureOf(file(join(parent, 'mcp.json'), 0o600), 'file')).toContain('chmod go-w');
  });

  it('a link is followed, and what lies behind it is looked at', () => {
    const parent = openFolder();
    const open = folder(join(parent, 'open'), 0o777);
    file(join(open, 'mcp.json'), 0o600);
    symlinkSync(join(open, 'mcp.json'), join(parent, 'mcp.json'));
    expect(exposureOf(join(parent, 'mcp.json'), 'file')).toContain(`${open} can be written by others`);
    symlinkSync('../open/../open/mcp.json', join(folder(join(parent, 'own'), 0o755), 'relative'));
    expect(exposureOf(join(parent, 'own/relative'), 'file')).toContain(`${open} can be written by others`);
  });

  it.skipIf(user?.uid !== 0)('a link that another user has made is an exposure, wherever it leads', () => {
    const parent = openFolder(0o1777);
    symlinkSync(file(join(folder(join(parent, 'own'), 0o700), 'mcp.json'), 0o600), join(parent, 'link'));
    expect(exposureOf(join(parent, 'link'), 'file')).toBe('none');
    lchownSync(join(parent, 'link'), 12_345, 12_345);
    expect(exposureOf(join(parent, 'link'), 'file')).toContain('belongs to another user (uid 12345)');
  });

  it('links in a circle lead to nothing', () => {
    const parent = openFolder();
    symlinkSync(join(parent, 'b'), join(parent, 'a'));
    symlinkSync(join(parent, 'a'), join(parent, 'b'));
    expect(exposureOf(join(parent, 'a'), 'file')).toBe('none');
  });
});
