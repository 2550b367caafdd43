// What answers outside of the machine of machine.sh, or, with an address as its argument, as a name server at that.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const [nameServer] = process.argv.slice(2);
const web = [10, 77, 0, 1];

/** Every name has the web server's address. */
function answer(question) {
  let end = 12;
  while (question[end] !== 0) end += question[end] + 1;
  const asked = question.subarray(12, end + 5);
  const isAddress = asked.readUInt16BE(asked.length - 4) === 1;
  const head = Buffer.from([question[0], question[1], 0x81, 0x80, 0, 1, 0, isAddress ? 1 : 0, 0, 0, 0, 0]);
  const record = isAddress ? Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, ...web]) : Buffer.alloc(0);
  return Buffer.concat([head, asked, record]);
}

const names = createSocket('udp4');
names.on('message', (question, { port, address }) => names.send(answer(question), port, address));
names.bind(53, nameServer ?? web.join('.'));
if (nameServer === undefined) createServer((socket) => socket.end()).listen(80, '0.0.0.0');
