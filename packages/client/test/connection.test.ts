import { describe, expect, it } from 'vitest';
import { ConfigurationError, type ConnectionOptions, resolveConnection } from '../src/index.ts';
import { newHome } from './scripted/home.ts';

const FILE = `[default]
api_token = of-default
url = http://default
project = default-project

[production]
api_token = of-production
url = https://production/prefix/
project = production-project

[anywhere]
api_token = of-anywhere

[place]
url = http://place
`;

/** Resolves for somebody who has these profiles; null: no file. */
function resolve(
  options: ConnectionOptions = {},
  variables: Readonly<Record<string, string>> = {},
  file: string | null = FILE,
): ReturnType<typeof resolveConnection> {
  return resolveConnection({ ...options, environment: { ...newHome(file ?? undefined).environment, ...variables } });
}

function failureOf(...args: Parameters<typeof resolve>): ConfigurationError {
  try {
    resolve(...args);
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
  }
  return expect.fail('there was no error of configuration');
}

describe('the token', () => {
  // By what has named the server: which token goes there.
  const ALL = {
    LATCHKEY_API_TOKEN: 'own',
    LM_API_TOKEN: 'lm',
    LM_STUDIO_API_KEY: 'lms',
    LABEL_STUDIO_API_KEY: 'label',
  };
  const only = (name: keyof typeof ALL): Record<string, string> => ({ [name]: ALL[name] });
  for (const name of Object.keys(ALL) as (keyof typeof ALL)[]) {
    it(`of ${name} goes to a server that was named, to the default one where it is for that, and to no profile's`, () => {
      const token = ALL[name];
      expect(resolve({ url: 'http://x' }, only(name), null).token).toBe(token);
      expect(resolve({}, { ...only(name), LATCHKEY_URL: 'http://x' }, null).token).toBe(token);
      expect(resolve({}, only(name), null).token).toBe(name === 'LABEL_STUDIO_API_KEY' ? undefined : token);
      if (name === 'LATCHKEY_API_TOKEN') {
        expect(failureOf({}, only(name)).code).toBe('wrong_server');
      } else {
        expect(resolve({}, only(name)).token).toBe('of-default');
      }
      expect(resolve({ profile: 'place' }, only(name))).toEqual({ url: 'http://place' });
    });
  }

  it('is the option, the profile of the option, then the variables in their order', () => {
    expect(resolve({ token: 'given', profile: 'production' }, ALL).token).toBe('given');
    expect(resolve({ profile: 'production' }, ALL).token).toBe('of-production');
    expect(resolve({}, ALL, null).token).toBe('own');
    expect(resolve({}, { ...ALL, LATCHKEY_API_TOKEN: ' ' }, null).token).toBe('lm');
    expect(resolve({}, { LATCHKEY_PROFILE: 'production' }).token).toBe('of-production');
    expect(resolve({ token: null }, ALL, null)).not.toHaveProperty('token');
  });

  it('of a profile without a server does not go where a variable points', () => {
    expect(failureOf({}, { LATCHKEY_PROFILE: 'anywhere', LATCHKEY_URL: 'http://x' }).code).toBe('wrong_server');
  });

  it('and the server that are given need no file, and no home', () => {
    const file = '[default\nbroken';
    expect(resolve({ token: 't', url: 'http://x' }, {}, file)).toEqual({ url: 'http://x', token: 't' });
    const gone = { token: 't', url: 'http://x', project: 'p' };
    expect(resolve(gone, { LATCHKEY_PROFILE: 'gone' }, file)).toEqual(gone);
  });

  it('is none when nothing has one', () => {
    expect(resolve({}, {}, null)).toEqual({ url: 'http://127.0.0.1:1234' });
    expect(resolve({ profile: null })).toEqual({ url: 'http://127.0.0.1:1234' });
    expect(resolve({}, {}, '[production]\napi_token = of-production\n')).not.toHaveProperty('token');
  });

  it.each([
    ['Bearer sk-secret', 'begins with Bearer'],
    ['"sk-secret"', 'is in quotes'],
    ["'sk-secret'", 'is in quotes'],
    ['LATCHKEY_API_TOKEN=sk-secret', 'begins with the name of a variable'],
    ['sk-secret\nsk-other', 'copied whole'],
  ])('that was not copied alone is refused with what to do: %j', (token, says) => {
    const failure = failureOf({}, { LATCHKEY_API_TOKEN: token }, null);
    expect(failure.code).toBe('invalid_option');
    expect(failure.message).toMatch(/^LATCHKEY_API_TOKEN /);
    expect(failure.message).toContain(says);
    expect(failure.message).not.toContain('sk-');
  });

  it('loses the line break that it was read with', () => {
    expect(resolve({}, { LATCHKEY_API_TOKEN: ' sk-1\n' }, null).token).toBe('sk-1');
  });

  it.each(['', '  ', 'sk-secret\nX: y', 'sk-secret two', 'sk-secrét'])(
    'is refused as %j, and not repeated',
    (token) => {
      expect(failureOf({ token }).code).toBe('invalid_option');
      expect(failureOf({ token }).message).not.toMatch(/sk-secr/);
    },
  );
});

describe('the server', () => {
  it('is the option, the profile of the option, LATCHKEY_URL, another profile, or port 1234, in this order', () => {
    const url = { LATCHKEY_URL: 'http://variable' };
    expect(resolve({ url: 'http://given', token: 't', profile: 'production' }, url).url).toBe('http://given');
    expect(resolve({ profile: 'production' }, url).url).toBe('https://production/prefix');
    expect(resolve({}, url).url).toBe('http://variable');
    expect(resolve({}, { LATCHKEY_PROFILE: 'place' }).url).toBe('http://place');
    expect(resolve().url).toBe('http://default');
    expect(resolve({ defaultUrl: 'http://running' }, {}, null).url).toBe('http://running');
    expect(resolve({}, { LATCHKEY_URL: '' }, null).url).toBe('http://127.0.0.1:1234');
  });

  it.each(['localhost:1234', 'sk-lm-AAAAAAAA:secret', 'secret', 'file:///secret'])(
    'is refused as %j, which is not repeated',
    (url) => {
      for (const failure of [failureOf({ url }), failureOf({}, {}, `[default]\nurl = "${url}x y:"\n`)]) {
        expect(failure.code).toBe('invalid_url');
        expect(failure.message).toMatch(
          /^url(?: of the profile 'default')? is not the URL of a server\. Write it like/,
        );
      }
    },
  );

  it.each(['http://h/v1?secret', 'http://h/#secret', 'http://h?', 'http://h#'])(
    'is refused with a query or a fragment: %s',
    (url) => {
      expect(failureOf({ url }).message).toBe('url has a query or a fragment, behind ? or #. Leave it out.');
    },
  );

  it.each(['http://sk-secret@host', 'http://user:sk-secret@host', 'http://:sk-secret@host'])(
    'is refused with a token in it: %s',
    (url) => {
      const failure = failureOf({}, { LATCHKEY_URL: url });
      expect(failure.message).toBe(
        'LATCHKEY_URL has a user name or a password in it. Give the token apart from the URL.',
      );
    },
  );
});

describe('the project', () => {
  it('is the option, the profile of the option, LATCHKEY_PROJECT, or another profile’s, in this order', () => {
    const project = { LATCHKEY_PROJECT: 'variable' };
    expect(resolve({ project: 'given', profile: 'production' }, project).project).toBe('given');
    expect(resolve({ profile: 'production' }, project).project).toBe('production-project');
    expect(resolve({}, project).project).toBe('variable');
    expect(resolve().project).toBe('default-project');
    expect(resolve({ profile: 'anywhere' })).not.toHaveProperty('project');
  });

  it.each(['', ' ', 'a\r\nb'])('is refused as %j', (project) => {
    expect(failureOf({ project }).code).toBe('invalid_option');
  });
});

describe('a profile', () => {
  it('that is not there is refused with those that are', () => {
    for (const failure of [failureOf({ profile: 'staging' }), failureOf({}, { LATCHKEY_PROFILE: 'staging' })]) {
      expect(failure.code).toBe('unknown_profile');
      expect(failure.message).toContain('There are: default, production, anywhere, place.');
      expect(failure.message).toContain('latchkey login --profile staging');
    }
    expect(failureOf({ profile: 'staging' }, {}, null).message).toMatch(
      /^There is no profile 'staging': \S+ has none yet\. Make/,
    );
  });

  it('whose name is none is refused without it', () => {
    expect(failureOf({ profile: 'sk-lm-AAAAAAAA:secret' }).message).not.toContain('secret');
  });

  it('that was named is refused for another server: its token goes there alone', () => {
    const failures = [
      failureOf({ profile: 'production', url: 'https://other' }),
      failureOf({ profile: 'production', url: 'http://production' }),
      failureOf({ profile: 'production', url: 'https://production:8443' }, { LATCHKEY_API_TOKEN: 'first' }),
      failureOf({}, { LATCHKEY_PROFILE: 'production', LATCHKEY_URL: 'https://other' }),
    ];
    for (const { code, message } of failures) {
      expect(code).toBe('wrong_server');
      expect(message).toContain("The profile 'production' is for https://production/prefix");
      expect(message).not.toContain('of-production');
    }
  });

  it('that nobody named is not used for another server', () => {
    expect(resolve({ url: 'http://other' })).toEqual({ url: 'http://other' });
    expect(resolve({}, { LATCHKEY_URL: 'http://default:81' })).toEqual({ url: 'http://default:81' });
  });

  it('gives nothing but its server to who brings a token for another one', () => {
    expect(resolve({ profile: 'production', url: 'http://other', token: 'given' })).toEqual({
      url: 'http://other',
      token: 'given',
    });
    const variables = { LATCHKEY_PROFILE: 'production', LATCHKEY_URL: 'http://other', LM_API_TOKEN: 'given' };
    expect(resolve({}, variables)).toEqual({ url: 'http://other', token: 'given' });
  });

  it('is used below the path of its server alone', () => {
    expect(resolve({ profile: 'production', url: 'https://production/prefix/v2' }).token).toBe('of-production');
    for (const url of ['https://production/', 'https://production/prefix2', 'https://production/other']) {
      expect(failureOf({ profile: 'production', url }).code).toBe('wrong_server');
    }
  });

  it('without a server is used for whichever is named', () => {
    expect(resolve({ profile: 'anywhere', url: 'http://other' }).token).toBe('of-anywhere');
  });
});
