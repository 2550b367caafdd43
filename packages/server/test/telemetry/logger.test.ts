import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createLogger, describeError } from '../../src/telemetry/logger.ts';

const TOKEN = 'sk-lm-AbCdEf12:0123456789abcdefghij';

/** What the log has of a failure, as a server of its own would write it. */
async function logged(failure: string): Promise<string> {
  const logger = new URL('../../src/telemetry/logger.ts', import.meta.url).href;
  const program = `import { createLogger } from ${JSON.stringify(logger)}; createLogger('error').error({ err: ${failure} }, 'failed');`;
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
