/*
 * A process with one PGlite database, which speaks PostgreSQL's protocol on the socket `.s.PGSQL.5432` in the folder of its first
 * argument. PGlite has one session, so connections take turns, a whole transaction at a time. It ends with its input.
 */
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { createMessageReader, type Message } from './wire-messages.ts';

const [, , folder = '.'] = process.argv;
const database = await PGlite.create();
const sockets = new Set<Socket>();
/** Ends when whoever has the session has done with it. */
let turn: Promise<void> = Promise.resolve();

const server = createServer((socket) => {
  sockets.add(socket);
  serve(socket);
});
server.listen(join(folder, '.s.PGSQL.5432'), () => console.log('ready'));
process.stdin.resume().on('end', () => process.exit());

function serve(socket: Socket): void {
  let endTurn: (() => void) | undefined;
  let batch: Buffer[] = [];
  let work: Promise<void> = Promise.resolve();

  async function run(bytes: Buffer): Promise<void> {
    endTurn ??= await takeTurn();
    const answer = Buffer.from(await database.execProtocolRaw(bytes));
    if (socket.writable) socket.write(answer);
    let idle = false;
    createMessageReader(({ type, bytes: message }) => {
      if (type === 'A') tellOthers(socket, message);
      if (type === 'Z') idle = message.at(-1) === 'I'.charCodeAt(0);
    }).push(answer);
    if (!idle) return;
    endTurn();
    endTurn = undefined;
  }

  function take({ type, bytes }: Message): void {
    if (type === 'startup') greet(socket, bytes);
    else if (type === 'X') socket.end();
    else batch.push(bytes);
    // A simple query or the end of a series; what comes before is answered with it.
    if (type !== 'Q' && type !== 'S') return;
    const whole = Buffer.concat(batch);
    batch = [];
    work = work.then(() => run(whole));
  }

  socket.on('data', createMessageReader(take, { startup: true }).push);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    sockets.delete(socket);
    // What somebody left halfway is taken back, as by a server that sees its client go.
    work = work.then(async () => {
      if (endTurn !== undefined) await run(Buffer.from('Q\0\0\0\x0drollback\0', 'latin1'));
    });
  });
}

async function takeTurn(): Promise<() => void> {
  const before = turn;
  const { promise, resolve } = Promise.withResolvers<void>();
  turn = promise;
  await before;
  return resolve;
}

/** The answer to a client's first words: no encryption, no password, and here we are. */
function greet(socket: Socket, bytes: Buffer): void {
  const isRequestForEncryption = bytes.length === 8;
  if (isRequestForEncryption) {
    socket.write('N');
    return;
  }
  const version = Buffer.from('server_version\x0016.0\0', 'latin1');
  socket.write(
    Buffer.concat([
      Buffer.from('R\0\0\0\x08\0\0\0\0', 'latin1'),
      Buffer.from(['S'.charCodeAt(0), 0, 0, 0, version.length + 4]),
      version,
      Buffer.from('K\0\0\0\x0c\0\0\0\x01\0\0\0\x01', 'latin1'),
      Buffer.from('Z\0\0\0\x05I', 'latin1'),
    ]),
  );
}

/** There is one session, so whoever listens hears what anybody is told. */
function tellOthers(teller: Socket, notification: Buffer): void {
  for (const socket of sockets) if (socket !== teller && socket.writable) socket.write(notification);
}
