import { describe, expect, it } from 'vitest';
import { readSecret, type SecretInput } from '../../src/command/read-secret.ts';

/** A terminal on which these keys are pressed; what it showed, and when it hid the keys. */
function terminal(...keys: readonly string[]) {
  const events: string[] = [];
  const input: SecretInput = {
    isTTY: true,
    setRawMode: (isRaw) => events.push(isRaw ? 'hidden' : 'shown'),
    async *[Symbol.asyncIterator]() {
      try {
        for (const chunk of keys) yield Buffer.from(chunk);
      } finally {
        events.push('closed');
      }
    },
  };
  return { events, read: () => readSecret('Token: ', input, { write: (text) => events.push(text) }) };
}

const piped = (...chunks: readonly (string | Uint8Array)[]): Promise<string> =>
  readSecret(
    'Token: ',
    {
      async *[Symbol.asyncIterator]() {
        yield* chunks;
      },
    },
    { write: () => expect.fail('nobody is there to be asked') },
  );

describe('a secret at a terminal', () => {
  it('is hidden before it is asked for, and the terminal shows keys again before it is closed', async () => {
    const { events, read } = terminal('sk-', '1', '\r', 'ls\r');
    expect(await read()).toBe('sk-1');
    expect(events).toEqual(['hidden', 'Token: ', 'shown', 'closed', '\n']);
  });

  it.each([
    ['sk-1\n', 'sk-1'],
    ['sk-12\u007f\r', 'sk-1'],
    ['\u007f\b sk-1 \r', 'sk-1'],
    ['wrong\u0015sk-1\u0004', 'sk-1'],
    ['sk\t-1\r', 'sk-1'],
  ])('can be corrected: %j', async (keys, secret) => {
    expect(await terminal(keys).read()).toBe(secret);
  });

  it('can be broken off, and then the terminal shows keys again', async () => {
    const { events, read } = terminal('sk-1', '\u0003');
    await expect(read()).rejects.toThrow('Interrupted');
    expect(events).toContain('shown');
  });

  it('must not be empty', async () => {
    await expect(terminal('\r').read()).rejects.toThrow('No token came in.');
  });
});

describe('a secret that is sent', () => {
  it('is all that comes, without the line break', async () => {
    expect(await piped('sk-', Buffer.from('1\n'))).toBe('sk-1');
  });

  it('must not be empty', async () => {
    await expect(piped()).rejects.toThrow('No token came in.');
    await expect(piped('\n')).rejects.toThrow('No token came in.');
  });

  it('must end somewhere', async () => {
    await expect(piped(...Array.from({ length: 20 }, () => 'x'.repeat(9000)))).rejects.toThrow('too long');
  });
});
