import { describe, expect, it } from 'vitest';
import { createDatabaseLookout, createLookout } from '../../src/state/watch-machine.ts';

function lookAt(amounts: readonly (number | undefined)[]): string[] {
  const told: string[] = [];
  const tell = (_: object, message: string) => void told.push(message);
  let left: number | undefined;
  const look = createLookout([{ name: 'disk', left: () => left, least: 10, remedy: 'make room' }], {
    warn: tell as never,
    info: tell as never,
  });
  for (left of amounts) look();
  return told;
}

describe('a resource of the machine', () => {
  it('is logged once when it is nearly used up', () => {
    expect(lookAt([50, 9, 8, 0])).toEqual(['nearly used up: disk']);
  });

  it('is logged again only after there was enough of it', () => {
    expect(lookAt([9, 12, 9, 20, 9])).toEqual(['nearly used up: disk', 'enough again: disk', 'nearly used up: disk']);
  });

  it('is not judged where the system does not say', () => {
    expect(lookAt([undefined, undefined])).toEqual([]);
  });
});

describe('the file of the database', () => {
  it('is logged once when it is gone, and once when it is back; other failures are not', async () => {
    const gone = Object.assign(new Error('The file was removed'), { errcode: 1032 });
    const other = Object.assign(new Error('locked'), { errcode: 5 });
    const told: string[] = [];
    const tell = (...[, message]: unknown[]) => void told.push(String(message));
    let failure: Error | undefined;
    const look = createDatabaseLookout(
      async () => {
        if (failure !== undefined) throw failure;
      },
      { error: tell as never, info: ((message: string) => void told.push(message)) as never },
    );
    for (failure of [undefined, other, gone, gone, undefined, undefined]) await look();
    expect(told).toEqual([
      expect.stringContaining('the file of the database is gone'),
      'the file of the database is there again',
    ]);
  });
});
