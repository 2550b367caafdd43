import { execFile, spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os, { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  ConfigurationError,
  checkProfilesWritable,
  findProfile,
  type Profile,
  readProfiles,
  removeProfile,
  saveProfile,
} from '../../src/index.ts';
import { type Home, newHome } from '../scripted/home.ts';

/** The format of the file; every reader of it is tried with these. */
const table: readonly { name: string; text: string; profiles?: unknown; line?: number }[] = JSON.parse(
  readFileSync(new URL('./file-format.json', import.meta.url), 'utf8'),
);

// Windows keeps apart who may read a file by other means than modes and owners, and the client looks at none of them there.
const modes = process.platform === 'win32' ? it.skip : it;
const errorOf = (act: () => unknown): ConfigurationError => {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
  }
  return expect.fail('there was no error of configuration');
};
const read = (home: Home): Record<string, Profile> => Object.fromEntries(readProfiles(home.environment));

const FILE = `# of Ada
[default]
api_token = one
project = web

; careful
[production]
api_token = "two # and ; = all"
url = https://models.example.com
# hers
`;

describe('the profiles of a file', () => {
  it('are its sections, with a token, a server and a project', () => {
    expect(read(newHome(FILE))).toEqual({
      default: { token: 'one', project: 'web' },
      production: { token: 'two # and ; = all', url: 'https://models.example.com' },
    });
  });

  it('are none when there is no file', () => {
    expect(read(newHome())).toEqual({});
  });

  for (const { name, text, profiles, line } of table) {
    it(`are as a file says them: ${name}`, () => {
      const { environment } = newHome(text);
      if (line === undefined) {
        expect(read({ environment } as Home)).toEqual(profiles);
        return;
      }
      const error = errorOf(() => readProfiles(environment));
      expect(error.code).toBe('invalid_profiles');
      expect(error.message).toContain(`: line ${line} `);
      expect(error.message).not.toContain('secret');
    });
  }
});

describe('a file that is not safe', () => {
  for (const mode of [0o640, 0o604, 0o660, 0o666, 0o620, 0o601]) {
    modes(`is refused with mode ${mode.toString(8)}, to read and to write, and the message says how to mend it`, () => {
      const home = newHome(FILE, mode);
      const refusal = expect.objectContaining({
        code: 'unsafe_profiles',
        message: `${home.file} can be read by others. Make it yours alone: chmod 600 ${home.file}`,
      });
      expect(() => readProfiles(home.environment)).toThrow(refusal);
      expect(() => saveProfile('default', { token: 'new' }, home.environment)).toThrow(refusal);
      expect(() => removeProfile('default', home.environment)).toThrow(refusal);
      expect(home.readText()).toBe(FILE);
    });
  }

  modes('is refused behind a link, too', () => {
    const home = newHome('');
    const elsewhere = join(home.path, 'elsewhere');
    writeFileSync(elsewhere, FILE);
    chmodSync(elsewhere, 0o644);
    const linked = newHome();
    mkdirSync(join(linked.path, '.latchkey'));
    symlinkSync(elsewhere, linked.file);
    expect(() => readProfiles(linked.environment)).toThrow('chmod 600');
  });

  modes("is refused when it is another user's", () => {
    const home = newHome(FILE);
    const { uid } = statSync(home.file);
    const someoneElse = vi.spyOn(process, 'getuid').mockReturnValue(uid + 1);
    onTestFinished(() => someoneElse.mockRestore());
    expect(() => readProfiles(home.environment)).toThrow(`${home.file} belongs to another user.`);
  });

  modes('is refused when it is a folder', () => {
    const home = newHome();
    mkdirSync(home.file, { recursive: true, mode: 0o700 });
    expect(() => readProfiles(home.environment)).toThrow(expect.objectContaining({ code: 'unsafe_profiles' }));
  });
});

describe('saving a profile', () => {
  it('makes the file when there is none', () => {
    const home = newHome();
    saveProfile('default', { token: 'sk-1', url: 'http://127.0.0.1:1234', project: 'web' }, home.environment);
    expect(home.readText()).toBe('[default]\napi_token = sk-1\nurl = http://127.0.0.1:1234\nproject = web\n');
  });

  modes('makes the file its owner’s alone, and its folder', () => {
    const home = newHome();
    saveProfile('default', { token: 'sk-1' }, home.environment);
    expect(statSync(home.file).mode & 0o777).toBe(0o600);
    expect(statSync(join(home.path, '.latchkey')).mode & 0o777).toBe(0o700);
  });

  it('changes its own profile alone: other profiles, comments and keys stay letter for letter', () => {
    const home = newHome(FILE);
    saveProfile('default', { token: 'three', url: 'http://h' }, home.environment);
    expect(home.readText()).toBe(
      FILE.replace('api_token = one\nproject = web\n', 'api_token = three\nurl = http://h\n'),
    );
    saveProfile('staging', { token: 'four' }, home.environment);
    expect(home.readText()).toMatch(/# hers\n\n\[staging\]\napi_token = four\n$/);
  });

  it('leaves nothing else in the folder', () => {
    const home = newHome(FILE);
    saveProfile('default', { token: 'three' }, home.environment);
    expect(readdirSync(join(home.path, '.latchkey'))).toEqual(['credentials']);
  });

  modes('keeps a link that stands for the file', () => {
    const home = newHome(FILE);
    const linked = newHome();
    mkdirSync(join(linked.path, '.latchkey'));
    symlinkSync(home.file, linked.file);
    saveProfile('default', { token: 'three' }, linked.environment);
    expect(lstatSync(linked.file).isSymbolicLink()).toBe(true);
    expect(readFileSync(home.file, 'utf8')).toContain('three');
    expect(statSync(home.file).mode & 0o777).toBe(0o600);
  });

  it('refuses a file that has its profile twice', () => {
    const home = newHome('[a]\napi_token = 1\n[a]\napi_token = 2\n');
    expect(errorOf(() => saveProfile('a', { token: '3' }, home.environment)).message).toContain('line 3');
    expect(removeProfile('a', home.environment)).toBe(true);
    expect(home.readText()).toBe('');
  });

  it('keeps a byte order mark and line ends, and takes the old token out', () => {
    const home = newHome('\uFEFF[default]\r\napi_token = one\r\n# mine\r\n');
    saveProfile('default', { token: 'two' }, home.environment);
    expect(home.readText()).toBe('\uFEFF[default]\r\napi_token = two\r\n# mine\r\n');
    removeProfile('default', home.environment);
    expect(home.readText()).not.toContain('two');
  });

  it('waits for the others: twelve processes save twelve', async () => {
    const home = newHome();
    const entry = new URL('../../src/index.ts', import.meta.url).href;
    const one = (name: string): Promise<unknown> =>
      promisify(execFile)(
        process.execPath,
        [
          '--input-type=module',
          '--eval',
          `import { saveProfile } from '${entry}'; saveProfile('${name}', { token: '${name}' });`,
        ],
        { env: { ...process.env, ...home.environment } },
      );
    await Promise.all(Array.from({ length: 12 }, (_, index) => one(`p${index}`)));
    expect(readProfiles(home.environment).size).toBe(12);
  });

  modes('is not hindered by the lock of a process that is gone', () => {
    const home = newHome(FILE);
    const { pid } = spawnSync(process.execPath, ['--version']);
    writeFileSync(`${home.file}.lock`, JSON.stringify({ pid, host: hostname(), nonce: '0123456789abcdef' }));
    saveProfile('new', { token: 't' }, home.environment);
    expect(readdirSync(join(home.path, '.latchkey'))).toEqual(['credentials']);
  });

  it('refuses a name that is none, without repeating it', () => {
    const { environment } = newHome();
    for (const name of ['', 'a b', 'a]\n[b', 'Default', 'sk-lm-AAAAAAAA:AAAAAAAAAAAAAAAAAAAA', 'x'.repeat(65)]) {
      expect(() => saveProfile(name, {}, environment)).toThrow(/no name that one can have: 1 to 64/);
    }
  });

  it('is read back as it was, beside whatever else there is', () => {
    const text = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 1,
    });
    const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/).filter((one) => one.toLowerCase() !== 'default');
    const profile = fc.record({ token: text, project: text }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, profile), { maxLength: 6 }), (saved) => {
        const home = newHome(FILE.replaceAll('default', 'o-ther').replaceAll('production', 'p-ther'));
        const before = read(home);
        for (const [one, values] of saved) saveProfile(one, values, home.environment);
        expect(read(home)).toEqual({ ...before, ...Object.fromEntries(saved) });
        for (const [one] of saved) removeProfile(one, home.environment);
        expect(read(home)).toEqual(before);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a file that LATCHKEY_CREDENTIALS names', () => {
  const named = (mode: number): { readonly file: string; readonly environment: Record<string, string> } => {
    const home = newHome();
    const file = join(home.path, 'mounted');
    writeFileSync(file, FILE);
    chmodSync(file, mode);
    return { file, environment: { ...home.environment, LATCHKEY_CREDENTIALS: file } };
  };

  modes('may be read by its group, as where it is mounted, and by no others', () => {
    expect(findProfile('default', named(0o440).environment)).toEqual({ token: 'one', project: 'web' });
    for (const mode of [0o444, 0o460, 0o641]) {
      expect(errorOf(() => readProfiles(named(mode).environment)).code).toBe('unsafe_profiles');
    }
  });

  modes("may be the system's, and no other user's", () => {
    const { environment, file } = named(0o440);
    const { uid } = statSync(file);
    const someone = vi.spyOn(process, 'getuid').mockReturnValue(uid + 1);
    onTestFinished(() => someone.mockRestore());
    if (uid === 0) expect(readProfiles(environment).size).toBe(2);
    else expect(errorOf(() => readProfiles(environment)).message).toContain('another user');
  });

  it('is an error where it is not there, and is made where something is saved', () => {
    const { environment, path } = newHome();
    const variables = { ...environment, LATCHKEY_CREDENTIALS: join(path, 'elsewhere') };
    expect(errorOf(() => readProfiles(variables)).message).toContain('is not there');
    saveProfile('default', { token: 't' }, variables);
    expect(readProfiles(variables).get('default')).toEqual({ token: 't' });
  });
});

describe('what hinders saving', () => {
  it('is said before anything is written', () => {
    const { environment, path } = newHome();
    for (const profile of [{ url: 'nope' }, { token: 'a b' }, { token: '' }, { project: ' ' }, { project: 'a\nb' }]) {
      expect(errorOf(() => saveProfile('default', profile, environment)).code).toMatch(/^invalid_(?:url|option)$/);
    }
    expect(readdirSync(path)).toEqual([]);
  });

  it('is an error of this package where the home is no folder', () => {
    const { environment, path } = newHome();
    const file = join(path, 'file');
    writeFileSync(file, '');
    const variables = { ...environment, HOME: file, USERPROFILE: file };
    expect(errorOf(() => saveProfile('default', { token: 't' }, variables)).code).toBe('unsafe_profiles');
    expect(errorOf(() => checkProfilesWritable(variables)).code).toBe('unsafe_profiles');
    expect(removeProfile('default', variables)).toBe(false);
  });

  modes('is a folder that others can write to, to read from it, too', () => {
    const home = newHome(FILE);
    chmodSync(join(home.path, '.latchkey'), 0o777);
    for (const act of [
      () => readProfiles(home.environment),
      () => saveProfile('default', { token: 't' }, home.environment),
      () => removeProfile('default', home.environment),
    ]) {
      expect(errorOf(act).message).toContain(`chmod 700 ${join(home.path, '.latchkey')}`);
    }
  });

  it('is the lack of a home folder, which reading does not need', () => {
    const gone = vi.spyOn(os, 'homedir').mockImplementation(() => {
      throw new Error('no entry');
    });
    onTestFinished(() => gone.mockRestore());
    expect(errorOf(() => saveProfile('default', { token: 't' }, {})).code).toBe('no_home');
    expect(readProfiles({}).size).toBe(0);
  });

  modes('is not a link whose target is not there yet: it stays, and its target is made', () => {
    const home = newHome();
    const target = join(home.path, 'settings');
    mkdirSync(join(home.path, '.latchkey'), { mode: 0o700 });
    symlinkSync(target, home.file);
    saveProfile('default', { token: 't' }, home.environment);
    expect(lstatSync(home.file).isSymbolicLink()).toBe(true);
    expect(readFileSync(target, 'utf8')).toContain('api_token = t');
    expect(statSync(target).mode & 0o777).toBe(0o600);
  });
});

describe('removing a profile', () => {
  it('takes its section out and leaves what stands above the next one', () => {
    const home = newHome(FILE);
    expect(removeProfile('default', home.environment)).toBe(true);
    expect(home.readText()).toBe(FILE.replace('[default]\napi_token = one\nproject = web\n', ''));
  });

  it('says so when there is none of that name', () => {
    const home = newHome(FILE);
    expect(removeProfile('staging', home.environment)).toBe(false);
    expect(removeProfile('default', newHome().environment)).toBe(false);
    expect(home.readText()).toBe(FILE);
  });
});
