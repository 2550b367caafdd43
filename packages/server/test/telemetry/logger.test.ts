import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createLogger, describeError } from '../../src/telemetry/logger.ts';
import { POISON, unseenIn, WRITTEN_OUT } from '../command/poison/poison.ts';

const TOKEN = 'sk-lm-AbCdEf12:0123456789abcdefghij';

/** What the log has of a failure, as a server of its own would write it. */
const logged = (failure: string): Promise<string> => printed(`{ err: ${failure} }, 'failed'`);

/** What a program writes that logs an error, after it has done something. */
async function printed(entry: string, before = ''): Promise<string> {
  const logger = new URL('../../src/telemetry/logger.ts', import.meta.url).href;
  const program = `import { createLogger } from ${JSON.stringify(logger)}; ${before}; createLogger('error').error(${entry});`;
  const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  return stderr;
}

describe('the log', () => {
  it('has of an error what it says, and nothing that hangs on it', async () => {
    const bytes = [...Buffer.from(TOKEN)].join(',');
    const failure = `Object.assign(new Error('Parse Error', { cause: new Error('inner') }), { code: 'HPE', rawPacket: Buffer.from('${TOKEN}'), parameters: ['prompt'] })`;
    const line = await logged(failure);
    expect(JSON.parse(line)).toMatchObject({ err: { type: 'Error', message: 'Parse Error: inner', code: 'HPE' } });
    expect(line).not.toContain(bytes.slice(-40));
    expect(line).not.toContain('prompt');
  });

  it('hides tokens in the words of an error', async () => {
    const line = await logged(`new Error('about ${TOKEN}')`);
    expect(line).toContain('about sk-lm-AbCdEf12:***');
    expect(line).not.toContain(TOKEN);
  });

  it('has one line for a request on a terminal, with the address of the client', async () => {
    const request = "{ method: 'GET', path: '/health', status: 503, address: '10.0.0.7' }, 'request'";
    const text = await printed(request, 'process.stderr.isTTY = true');
    expect(text.trimEnd().split('\n')).toEqual([expect.stringMatching(/ERROR.*request.*10\.0\.0\.7/)]);
  });

  it.each([true, false])(
    'has no hidden character, in words, names, lists and errors (on a terminal: %s)',
    async (isTerminal) => {
      const strange = JSON.stringify(POISON);
      const before = isTerminal ? 'process.stderr.isTTY = true' : '';
      const entries = [
        `{ model: ${strange}, problems: [${strange}], inner: { deep: ${strange} } }, 'failed'`,
        `{ err: new Error(${strange}, { cause: new Error(${strange}) }) }, ${strange}`,
        strange,
      ];
      for (const entry of entries) {
        const text = await printed(entry, before);
        expect(unseenIn(text, isTerminal)).toEqual([]);
        expect(text).toMatch(WRITTEN_OUT);
        if (!isTerminal) expect(JSON.stringify(JSON.parse(text))).toContain(strange.slice(1, -1));
      }
    },
  );

  it('has no line that an entry has made up on a terminal', async () => {
    const words = "'gone\\n[10:00:00] INFO: all is well'";
    const text = await printed(`{ path: ${words} }, ${words}`, 'process.stderr.isTTY = true');
    expect(text.trimEnd().split('\n')).toHaveLength(1);
  });

  it('adds one listener to the process, however many servers are created in it', () => {
    createLogger('silent');
    const before = [process.listenerCount('exit'), process.stderr.listenerCount('error')];
    for (let servers = 0; servers < 20; servers += 1) createLogger('silent');
    expect([process.listenerCount('exit'), process.stderr.listenerCount('error')]).toEqual(before);
  });

  it.each([undefined, 'text', 5])('has %j as it is', (thrown) => {
    expect(describeError(thrown)).toBe(thrown);
  });
});
