import { describe, expect, it } from 'vitest';
import { resolverInside } from '../../src/sandbox/name-servers.ts';

const closed = ['127.0.0.0/8', '169.254.0.0/16', '192.168.1.5/32', 'fe80::/10', '::1/128'];

describe('the file of name servers inside of a sandbox', () => {
  it.each(['127.0.0.53', '127.0.0.1', '169.254.169.254', '192.168.1.5'])(
    'leads to the server on this machine by way of an address that is reached: %s',
    (server) => {
      const text = `# systemd\nnameserver ${server}\noptions edns0\nsearch example.com\n`;
      expect(resolverInside(text, closed)).toEqual({
        text: '# systemd\nnameserver 240.0.0.53\noptions edns0\nsearch example.com\n',
        forwarded: ['240.0.0.53'],
      });
    },
  );

  it.each(['::1', 'fe80::1%eth0'])('does so for IPv6 as well: %s', (server) => {
    expect(resolverInside(`nameserver ${server}\n`, closed)).toEqual({
      text: 'nameserver 100::53\n',
      forwarded: ['100::53'],
    });
  });

  it('stays as it is where every name server is reached', () => {
    expect(resolverInside('nameserver 10.0.0.2\nnameserver 2001:db8::1\n', closed)).toBeUndefined();
    expect(resolverInside('', closed)).toBeUndefined();
    expect(resolverInside('nameserver nonsense\n', closed)).toBeUndefined();
  });

  it('leads to all of a family that way, for the answers of each come back that way', () => {
    const text = 'nameserver 10.0.0.2\nnameserver 127.0.0.53\nnameserver 2001:db8::1\n';
    expect(resolverInside(text, closed)).toEqual({
      text: 'nameserver 240.0.0.53\nnameserver 2001:db8::1\n',
      forwarded: ['240.0.0.53'],
    });
  });
});
