import { createApiKeyFormat } from '@latchkey/auth-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hideSecrets } from '../../src/telemetry/hide-secrets.ts';

describe('hideSecrets', () => {
  it('blots out the secret of every key, wherever it stands, and leaves its public id', () => {
    const { mint } = createApiKeyFormat();
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        const [first, second] = [mint(), mint()];
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
