import { describe, expect, it } from 'vitest';
import { defineConfig } from '../../src/config/define-config.ts';

describe('defineConfig', () => {
  it('completes what is given', () => {
    expect(defineConfig({ data: '/d', port: 0 })).toMatchObject({
      data: '/d',
      models: '/d/models',
      port: 0,
      auth: true,
    });
  });

  it('refuses what is not a configuration, by its key', () => {
    expect(() => defineConfig({ data: '/d', port: -1 })).toThrow('port');
    expect(() => defineConfig({ data: '/d', ...{ prot: 1 } })).toThrow('prot');
  });
});
