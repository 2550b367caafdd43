import { describe, expect, it } from 'vitest';
import { createOperatorHandler } from '../../../src/http/handlers/operator.ts';
import type { Connection } from '../../../src/http/request.ts';
import type { RequestContext } from '../../../src/http/request-context.ts';
import type { OperatorDesk } from '../../../src/state/operator-desk.ts';

const desk = { recover: async () => ({ id: 'a', name: 'administrator' }) } as OperatorDesk;
const ask = (connection: Connection, request: unknown = { act: 'recover' }) =>
  createOperatorHandler({ desk, open: () => request })({
    body: { text: '{}', proof: '' },
    connection,
  } as RequestContext);

describe('POST /api/v1/operator', () => {
  it.each([
    ['of this machine', { remoteAddress: '127.0.0.1', localAddress: '127.0.0.1' }],
    ['of this machine in IPv6', { remoteAddress: '::ffff:127.0.0.1', localAddress: '::1' }],
    ["at this machine's own address", { remoteAddress: '10.0.0.1', localAddress: '10.0.0.1' }],
    ['of a Unix socket', { remoteAddress: 'unix' }],
  ])('answers a caller %s', async (_, connection) => {
    expect(await ask(connection)).toMatchObject({ status: 200, body: { json: { name: 'administrator' } } });
  });

  it.each([
    ['of another machine', { remoteAddress: '10.0.0.5', localAddress: '10.0.0.1' }],
    ['without an address', { localAddress: '10.0.0.1' }],
  ])('refuses a caller %s, whatever it shows', async (_, connection) => {
    await expect(ask(connection)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('does only what it knows', async () => {
    await expect(ask({ remoteAddress: 'unix' }, { act: 'erase' })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });
});
