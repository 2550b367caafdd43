import { describe, expect, it } from 'vitest';
import { readTokenId } from '../../../src/command/token/find-token.ts';
import { type PresentedToken, readPresentedToken } from '../../../src/command/token/read-presented-token.ts';

const KEY = 'sk-lm-aB3dE5gH:aB3dE5gHaB3dE5gHaB3d';
const OTHER = 'sk-lm-zZ3dE5gH:zZ3dE5gHaB3dE5gHaB3d';

function find(
  argument: string | undefined,
  environment: Readonly<Record<string, string>>,
  piped?: string,
): Promise<PresentedToken> {
  const input = {
    async *[Symbol.asyncIterator]() {
      if (piped === undefined) expect.fail('standard input is left alone');
      yield piped;
    },
  };
  return readPresentedToken(argument, environment, input, { write: () => expect.fail('nobody is there to be asked') });
}

describe('the token that a command works on', () => {
  it('is that of the environment, whatever standard input is', async () => {
    expect(await find(undefined, { LATCHKEY_API_TOKEN: ` ${KEY}\n`, LM_API_TOKEN: OTHER })).toEqual({
      token: KEY,
      from: 'LATCHKEY_API_TOKEN',
    });
    expect(await find(undefined, { LATCHKEY_API_TOKEN: '', LM_API_TOKEN: OTHER })).toMatchObject({ token: OTHER });
  });

  it('is that of standard input with -, or when the environment has none', async () => {
    const piped = { token: KEY, from: 'standard input' };
    expect(await find('-', { LATCHKEY_API_TOKEN: OTHER }, `${KEY}\n`)).toEqual(piped);
    expect(await find(undefined, {}, KEY)).toEqual(piped);
    await expect(find(undefined, {}, '')).rejects.toThrow('No token came in');
  });

  it('is never an argument, and one that is there is not repeated', async () => {
    const refusal: unknown = await find(KEY, {}, '').catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      name: 'CommandError',
      message: expect.stringContaining('must not be an argument'),
    });
    expect(String(refusal)).not.toContain(KEY.slice(-20));
  });
});

describe('an id', () => {
  it.each(['aB3dE5gH', '10ae1f7a7b', '7427095b0b24df1d', 'not-there'])('may be %s', (id) => {
    expect(readTokenId(id)).toBe(id);
  });

  it.each([
    ['an API key', KEY, 'which is aB3dE5gH'],
    ['a legacy token', '10ae1f7a7b380dcf2c40fb7ebe4bd0f68ebb6392', 'which is 10ae1f7a7b'],
    ['an attenuated token', `lka_aB3dE5gH.e30.${'0'.repeat(64)}`, 'which is aB3dE5gH'],
  ])('is not %s', (_, token, says) => {
    expect(() => readTokenId(token)).toThrow(says);
    expect(() => readTokenId(token)).not.toThrow(token);
  });
});
