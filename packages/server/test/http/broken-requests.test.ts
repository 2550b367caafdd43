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

describe('a request of which two readers would read different things', () => {
  it.each([
    ['a header that is folded over two lines', ['X-Folded: a', ' b', 'Content-Length: 2'], '\r\n'],
    ['lines that end without a carriage return', ['Content-Length: 2'], '\n'],
    ['a length and chunks', ['Content-Length: 2', 'Transfer-Encoding: chunked'], '\r\n'],
    ['two lengths', ['Content-Length: 2', 'Content-Length: 3'], '\r\n'],
    ['a blank before the colon', ['Content-Length : 2'], '\r\n'],
  ])('is a 400 and the end of the connection: %s', async (_, lines, end) => {
    const { app, issue } = await newServer();
    const token = await issue({ actions: ['chat'] });
    await using server = createServer(app.callback()).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    let answer = '';
    socket.setEncoding('latin1').on('data', (text) => {
      answer += text;
    });
    const head = [`Host: 127.0.0.1:${port}`, `Authorization: Bearer ${token}`, 'Content-Type: application/json'];
    socket.write(['POST /api/v1/can HTTP/1.1', ...head, ...lines, '', '{}'].join(end));
    await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });
});
