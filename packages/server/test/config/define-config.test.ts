import { describe, expect, it } from 'vitest';
import { defineConfig } from '../../src/config/define-config.ts';
import { toUpstreamOptions } from '../../src/config/upstreams.ts';

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

describe('upstreams', () => {
  const define = (upstream: object) => defineConfig({ data: '/d', upstreams: { box: { urls: [], ...upstream } } });
  const urls = ['http://10.0.0.5:8000/v1/'];

  it('are taken with the key that the environment has', () => {
    const { box } = define({ urls, apiKeyVariable: 'BOX_KEY' }).upstreams;
    expect(toUpstreamOptions('box', box!, { BOX_KEY: 'secret' })).toEqual({
      name: 'box',
      urls: ['http://10.0.0.5:8000/v1'],
      apiKey: 'secret',
      parallel: 32,
      cacheSalt: false,
      firstByteMilliseconds: 120_000,
      silenceMilliseconds: 60_000,
    });
    for (const environment of [{}, { BOX_KEY: '' }]) {
      expect(() => toUpstreamOptions('box', box!, environment)).toThrow('the environment has no BOX_KEY');
    }
  });

  it.each([
    ['no server', { urls: [] }],
    ['a password in a URL', { urls: ['http://me:secret@box/v1'] }],
    ['a query in a URL', { urls: ['http://box/v1?key=secret'] }],
    ['another protocol', { urls: ['file:///etc/passwd'] }],
    ['a key in place of its variable', { urls, apiKeyVariable: 'sk-secret' }],
    ['a key that is written here', { urls, apiKey: 'sk-secret' }],
  ])('with %s are refused', (_, upstream) => {
    expect(() => define(upstream)).toThrow(/"upstreams",\s*"box"/);
    expect(() => define(upstream)).not.toThrow('sk-secret');
  });
});
