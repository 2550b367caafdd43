import { describe, expect, it } from 'vitest';
import { defineConfig } from '../../src/config/define-config.ts';
import { clientSecretOf } from '../../src/config/openid.ts';

const configure = (openid: object) =>
  defineConfig({
    data: 'unused',
    publicUrl: 'https://llm.example.com',
    openid: { issuer: 'https://id.example.com', clientId: 'a', grants: [{ group: '*', grant: {} }], ...openid },
  });

describe('a provider of accounts', () => {
  it.each(['https://id.example.com/realms/team', 'http://127.0.0.1:8080', 'http://localhost'])(
    'can be %s',
    (issuer) => {
      expect(configure({ issuer }).openid?.issuer).toBe(issuer);
    },
  );

  it.each(['http://id.example.com', 'http://10.0.0.1', 'ftp://id.example.com', 'id.example.com'])(
    'cannot be %s, which any program between could speak for',
    (issuer) => {
      expect(() => configure({ issuer })).toThrow(/issuer/);
    },
  );

  it('needs an entry of grants, and knows no other settings', () => {
    expect(() => configure({ grants: [] })).toThrow(/grants/);
    expect(() => configure({ secret: 'in the file' })).toThrow(/secret/);
  });

  it('has its secret in the variable that is named', () => {
    const named = { secretVariable: 'PROVIDER_SECRET' };
    expect(clientSecretOf(named, { PROVIDER_SECRET: ' a secret\n' })).toBe('a secret');
    expect(() => clientSecretOf(named, {})).toThrow(/PROVIDER_SECRET is not set/);
    expect(clientSecretOf({}, {})).toBeUndefined();
  });
});
