import { createApiKeyFormat } from '@latchkey/auth-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hideSecrets } from '../../src/telemetry/hide-secrets.ts';

describe('hideSecrets', () => {
  it('blots out the secret of every key, wherever it stands, and leaves its public id', async () => {
    const { mint } = createApiKeyFormat();
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
