import { createApiKeyFormat } from '@latchkey/auth-core';
import { llm } from '@latchkey/auth-core/llm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { excerpt, hideSecrets } from '../../src/telemetry/hide-secrets.ts';

describe('hideSecrets', () => {
  it('blots out the secret of every key, wherever it stands, and leaves its public id', async () => {
    const { mint } = createApiKeyFormat(llm);
    const request = { owner: 'ada', issuedAt: new Date(0) };
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), async (before, after) => {
        const [first, second] = [await mint(request), await mint(request)];
        const hidden = hideSecrets(`${before} ${first.text} ${second.text} ${after}`);
        for (const { id, secret } of [first, second]) {
          expect(hidden).not.toContain(secret);
          expect(hidden).toContain(`sk-lm-${id}:***`);
        }
      }),
    );
  });

  it.each([
    ['/api/v1/tokens/sk-lm-ABCDEFGH%3AAAAAAAAAAAAAAAAAAAAA', '/api/v1/tokens/sk-lm-ABCDEFGH%3A***'],
    ['/SK-LM-ABCDEFGH%3aAAAAAAAAAAAAAAAAAAAA', '/SK-LM-ABCDEFGH%3a***'],
  ])('finds it in the path %s', (path, hidden) => {
    expect(hideSecrets(path)).toBe(hidden);
  });

  it('leaves everything else as it is', () => {
    const line = '{"msg":"request","path":"/api/v1/chat","token":"ABCDEFGH"}';
    expect(hideSecrets(line)).toBe(line);
  });
});

describe('a secret that is percent-encoded', () => {
  const secret = 'QQQQQQQQQQQQQQQQQQQQ';

  it.each([1, 2, 3, 20])('%i times is hidden', (times) => {
    let text = `sk-lm-ABCDEFGH:${secret}`;
    for (let time = 0; time < times; time += 1) text = encodeURIComponent(text);
    expect(hideSecrets(`GET /x?key=${text}&y=1`)).toBe(`GET /x?key=${text.replace(secret, '***')}&y=1`);
  });

  it('in characters that need no encoding is hidden as well', () => {
    const text = 'sk%2Dlm-ABCDEFGH%253A%41AAAAAAAAA%2541AAAAAAAAA/end';
    expect(hideSecrets(text)).toBe('sk%2Dlm-ABCDEFGH%253A***/end');
  });
});

describe('a secret in base64', () => {
  const secret = 'Qw3rT'.repeat(4);

  it.each(['base64', 'base64url'] as const)('is hidden wherever it begins: %s', (encoding) => {
    const text = fc.tuple(
      fc.string({ maxLength: 9 }),
      fc.string({ maxLength: 9 }),
      fc.constantFrom('/', '/a/', '', '='),
    );
    fc.assert(
      fc.property(text, ([before, after, around]) => {
        const encoded = Buffer.from(`${before}:sk-lm-ABCDEFGH:${secret}${after}`).toString(encoding);
        const hidden = hideSecrets(`GET ${around}${encoded} HTTP/1.1`);
        for (let skipped = 0; skipped < 4; skipped += 1) {
          for (const run of hidden.split(/[^A-Za-z0-9+/_-]/)) {
            expect(Buffer.from(run.slice(skipped), 'base64').toString('latin1')).not.toMatch(/Qw3r|w3rT/);
          }
        }
        expect(hidden).toMatch(/^GET .*\*\*\*.* HTTP\/1\.1$/);
      }),
    );
  });

  it('is no reason to hide other base64, or paths', () => {
    const text = `/api/v1/responses/${Buffer.from('nothing to hide in here at all').toString('base64')}`;
    expect(hideSecrets(text)).toBe(text);
  });
});

describe('the secrets of other kinds', () => {
  const hex = '0123456789abcdef'.repeat(4);

  it.each([
    [`eyJhbGciOi.eyJzdWIi.${'s'.repeat(43)}`, 'eyJhbGciOi.eyJzdWIi.***'],
    [`x=eyJhbGciOi.eyJzdWIi.${'s'.repeat(43)}!`, 'x=eyJhbGciOi.eyJzdWIi.***!'],
    [`eyJa.eyJhbGciOi.eyJzdWIi.${'s'.repeat(43)}`, 'eyJa.eyJhbGciOi.eyJzdWIi.***'],
    [`lka_abc.def.${hex}`, 'lka_abc.def.***'],
    [`${hex.slice(0, 40)}`, '0123456789***'],
    [`-${hex.slice(0, 40)}.`, '-0123456789***.'],
    [hex.slice(0, 41), hex.slice(0, 41)],
    [`_${hex.slice(0, 40)}`, `_${hex.slice(0, 40)}`],
    ['eyJhbGciOi.short', 'eyJhbGciOi.short'],
  ])('%s becomes %s', (text, hidden) => {
    expect(hideSecrets(text)).toBe(hidden);
  });
});

describe('an excerpt', () => {
  it('is cut, and shows no part of a secret that the cut has broken', () => {
    const tokens = [
      'sk-lm-ABCDEFGH:SSSSSSSSSSSSSSSSSSSS',
      `eyJhbGciOi.eyJzdWIi.${'S'.repeat(43)}`,
      `lka_abc.xyz.${'c'.repeat(64)}`,
      `0123456789${'d'.repeat(30)}`,
    ];
    for (const token of tokens) {
      for (let length = 1; length < token.length; length += 1) {
        expect(excerpt(`${token} and more`, length)).not.toMatch(/S|c{11}|dd/);
      }
    }
    expect(excerpt('abc', 3)).toBe('abc');
    expect(excerpt('abcd', 3)).toBe('abc…');
  });
});

describe('the time that hiding takes', () => {
  it.each([
    'eyJ',
    'lka_',
    'eyJ.',
    'eyJa.a.',
    'lka_.a',
    'sk-lm-',
    'sk-lm-AAAAAAAA:',
    '%25',
    '%',
    '%2',
    'a',
    '0',
    '%253A',
  ])(
    'grows with the length alone: %s over and over',
    (piece) => {
      const text = piece.repeat(200_000);
      // With an expression that begins again at each place this would be an hour.
      expect(hideSecrets(text).length).toBeGreaterThan(0);
    },
    20_000,
  );
});
