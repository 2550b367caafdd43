import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { runCommand } from './poison/run-command.ts';

const head = {
  ...{ id: 'resp_1', model: 'ibm/granite', project: null, state: 'completed', previous_response_id: null },
  created_at: '2027-01-01T00:00:00.000Z',
};

/** What `latchkey response show` writes when a server answers with this. */
async function show(response: object): Promise<string> {
  const server = createServer((_, answer) => answer.end(JSON.stringify({ ...head, ...response })));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const environment = { LATCHKEY_API_TOKEN: 'sk-lm-aaaaaaaa:aaaaaaaaaaaaaaaaaaaa' };
  try {
    const args = ['response', 'show', 'resp_1', '--url', url];
    return (await runCommand(args, { isTerminal: false, input: '', environment })).stdout;
  } finally {
    server.close();
  }
}

describe('latchkey response show', () => {
  it('says when the response expires, or that it is kept with the newer one', async () => {
    expect(await show({ messages: [], expires_at: '2027-01-31T00:00:00.000Z' })).toBe(
      'resp_1  ibm/granite, completed, 2027-01-01T00:00:00.000Z, expires 2027-01-31T00:00:00.000Z\n',
    );
    expect(await show({ messages: [], expires_at: null })).toContain('kept with the newer one');
  });

  it('prints the lines of a message as lines, and lets none of them look like another message', async () => {
    const content = 'One\r\nassistant: two\n\nthree\u001b[2J';
    const written = await show({ messages: [{ role: 'user', content }], expires_at: null });
    expect(written.split('\n').slice(1)).toEqual(['user: One', '  assistant: two', '  ', '  three\\u{001B}[2J', '']);
  });
});
