import { describe, expect, it } from 'vitest';
import { readUrlPlace } from '../../src/matching/url-host.ts';

describe('readUrlPlace', () => {
  it.each([
    ['https://Example.COM/a?b#c', 'example.com'],
    ['HTTP://example.com:8080', 'example.com'],
    ['http://[::1]:80/', '[::1]'],
    ['http://[0:0::0:1]/', '[::1]'],
    ['http://127.0.0.1:/', '127.0.0.1'],
    [`https://${'a.'.repeat(126)}a:80/`, `${'a.'.repeat(126)}a`],
    ['https://xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['https://example.com?x=@evil.com', 'example.com'],
    ['https://example.com/@evil.com', 'example.com'],
  ])('reads %s as %s', (text, host) => {
    expect(readUrlPlace(text)?.host).toBe(host);
  });

  it.each([
    ['http://a/', 80],
    ['https://a/', 443],
    ['https://a:443/', 443],
    ['http://a:443/', 443],
    ['https://a:22/', 22],
    ['http://[::1]:8080/', 8080],
  ])('reads the port of %s as %d', (text, port) => {
    expect(readUrlPlace(text)?.port).toBe(port);
  });

  it('does not read what is longer than any URL', () => {
    expect(readUrlPlace(`http://a/${'b'.repeat(10_000)}`)).toBeDefined();
    expect(readUrlPlace(`http://a/${'b'.repeat(20_000)}`)).toBeUndefined();
  });

  it.each([
    'ftp://example.com',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'example.com',
    '//example.com',
    'https:example.com',
    'https:/example.com',
    'https:///example.com',
    'https://user@example.com',
    'https://user:word@example.com',
    'https://@example.com',
    'https://evil.com\\@example.com',
    ' https://example.com',
    'https://exa\tmple.com',
    'https://example.com\n',
    'https://exa mple.com',
    'https://example.com/ HTTP/1.1',
    'https://example.com/\r\nHost: evil.com',
    'https://example.com/\\..\\x',
    'https://example.com/a\u007f',
    'https://',
    'https://[::1',
    'https://a:99999',
    'https://[::1]@[::2]',
    'https://[::1]:80@example.com',
    `https://${'a.'.repeat(126)}aa`,
    // Hosts that readers disagree about.
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://2130706433/',
    'https://ex%61mple.com',
    'https://example.com%2eevil.com',
    'https://fa\u00df.example',
    'https://example\u3002com',
    'https://\u212aelvin.example',
    '',
  ])('does not read %j', (text) => {
    expect(readUrlPlace(text)).toBeUndefined();
  });
});
