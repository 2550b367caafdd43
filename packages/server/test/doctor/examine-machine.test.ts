import { describe, expect, it } from 'vitest';
import { examineMachine, type Machine, thisMachine } from '../../src/doctor/examine-machine.ts';

const GOOD: Machine = {
  node: '24.0.0',
  system: 'linux-x64',
  glibc: '2.36',
  cores: 8,
  threads: 8,
  processor: 'flags\t\t: fpu sse4_2 avx avx2 fma',
  memory: { total: 32e9, available: 20e9, constrained: 0 },
  limits:
    'Limit                     Soft Limit           Hard Limit           Units\nMax open files            4096                 524288               files',
};

const judged = (changes: Partial<Machine>) =>
  examineMachine({ ...GOOD, ...changes })
    .filter(({ state }) => state !== 'ok')
    .map(({ subject, message, advice }) => `${subject}: ${message}. ${advice}`);

describe('what latchkey doctor says of a machine', () => {
  it('is that a usual one is in order', () => {
    expect(judged({})).toEqual([]);
    expect(examineMachine(GOOD).map(({ message }) => message)).toEqual([
      'Node 24.0.0 on linux-x64, glibc 2.36',
      '8 cores',
      '20 GB free of 32 GB',
      '4096 files and connections at once',
    ]);
  });

  it('is that llama.cpp has no program for musl', () => {
    expect(judged({ glibc: undefined })).toEqual([expect.stringContaining('without glibc')]);
  });

  it('is that there is no sandbox beyond Linux', () => {
    const elsewhere = { system: 'darwin-arm64', glibc: undefined, processor: undefined, limits: undefined };
    expect(judged(elsewhere)).toEqual([expect.stringContaining('without a sandbox')]);
  });

  it('is that a processor without AVX2 is slow, and that others need none', () => {
    expect(judged({ processor: 'flags\t: fpu sse2' })).toEqual([expect.stringContaining('without AVX2')]);
    expect(judged({ system: 'linux-arm64', processor: 'Features\t: fp asimd' })).toEqual([]);
  });

  it('names the limit of a container as its memory, and warns when little of it is left', () => {
    const memory = { total: 64e9, available: 0.4e9, constrained: 2e9 };
    expect(judged({ memory })).toEqual([expect.stringContaining('400 MB free of 2 GB that this container may use')]);
  });

  it('is that a limit on open files is low, with the way to raise it', () => {
    expect(judged({ limits: 'Max open files            256                  4096                 files' })).toEqual([
      expect.stringContaining('ulimit -n 1024'),
    ]);
  });

  it('comes from this machine', () => {
    expect(examineMachine(thisMachine())[0]?.message).toContain(`Node ${process.versions.node}`);
  });
});
