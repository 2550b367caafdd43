import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { newServer } from './new-server.ts';

describe('a request that stops being HTTP in its body', () => {
  it('is no error of the server', async () => {
    const { app, issue, log } = await newServer();
    const token = await issue({ actions: ['chat'] });
    await using server = createServer(app.callback()).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1').resume();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const head = [`Host: 127.0.0.1:${port}`, `Authorization: Bearer ${token}`, 'Content-Type: application/json'];
    socket.write(
      `POST /api/v1/can HTTP/1.1\r\n${head.join('\r\n')}\r\nTransfer-Encoding: chunked\r\n\r\nno length\r\n`,
    );
    await closed;
    await expect.poll(() => log.join('')).toContain('HPE_');
    expect(log.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
  });
});
