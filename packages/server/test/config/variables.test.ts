import { describe, expect, it } from 'vitest';
import { findVariables } from '../../src/config/variables.ts';

describe('the variables of Latchkey', () => {
  it('give settings, and the others of its name are reported', () => {
    const found = findVariables({
      LATCHKEY_PORT: '99',
      LATCHKEY_PRT: '1',
      latchkey_port: '2',
      LATCHKEY_API_TOKEN: 'x',
      LATCHKEY_SECRET: 'x',
      PATH: '/bin',
    });
    expect(found).toEqual({ settings: { port: 99 }, unknown: ['LATCHKEY_PRT', 'latchkey_port'] });
  });

  it('that Kubernetes makes of a service of this name are set aside', () => {
    const found = findVariables({
      LATCHKEY_PORT: 'tcp://10.0.0.1:1234',
      LATCHKEY_SERVICE_HOST: '10.0.0.1',
      LATCHKEY_SERVICE_PORT: '1234',
      LATCHKEY_SERVICE_PORT_HTTP: '1234',
      LATCHKEY_PORT_1234_TCP: 'tcp://10.0.0.1:1234',
      LATCHKEY_PORT_1234_TCP_ADDR: '10.0.0.1',
      LATCHKEY_PORT_1234_TCP_PROTO: 'tcp',
    });
    expect(found).toEqual({ settings: {}, unknown: [] });
  });
});
