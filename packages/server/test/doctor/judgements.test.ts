import { describe, expect, it } from 'vitest';
import { judgeBackend } from '../../src/doctor/examine-engine.ts';
import { judgeFileSystem } from '../../src/doctor/examine-folders.ts';

const EXT4 = 0xef53;
const disk = (bytes: number, type = EXT4) =>
  judgeFileSystem('/srv/data', { bavail: bytes / 4096, bsize: 4096, type }).map(
    ({ subject, state, message }) => `${subject} ${state}: ${message}`,
  );

describe('what latchkey doctor says of a disk', () => {
  it.each([
    [50e9, 'disk ok: 50 GB free for /srv/data'],
    [500e6, 'disk warning: 500 MB free for /srv/data'],
    [1e6, 'disk problem: 1 MB free for /srv/data'],
  ])('depends on its room: %d bytes', (bytes, said) => {
    expect(disk(bytes)).toEqual([said]);
  });

  it.each([
    [0x6969, 'NFS'],
    [0xfe534d42, 'SMB'],
    [0xff534d42, 'CIFS'],
    [0x65735546, 'FUSE'],
  ])('warns of a file system of a network: %d', (type, name) => {
    expect(disk(50e9, type)[1]).toContain(`file system warning: /srv/data is on ${name}`);
  });
});

const CPU = { device: 'cpu', threads: 7, release: 'b1', gpus: [] };

describe('what latchkey doctor says of llama.cpp', () => {
  it('is the GPU that it uses, with its memory', () => {
    const gpu = { ...CPU, device: 'cuda', gpus: ['H200'], gpuMemory: { total: 141e9, free: 100e9 } };
    expect(judgeBackend(gpu, 'auto', ['NVIDIA'])).toMatchObject({
      state: 'ok',
      message: 'llama.cpp b1 on cuda: H200, 100 GB free of 141 GB',
    });
  });

  it('is why it uses none', () => {
    expect(judgeBackend(CPU, 'auto', [])).toMatchObject({
      state: 'ok',
      message: expect.stringContaining('7 threads for each model; this machine shows no GPU'),
    });
    expect(judgeBackend(CPU, 'off', ['NVIDIA']).message).toContain('engine.gpu is off');
    expect(judgeBackend(CPU, 'auto', ['NVIDIA (driver 570)'])).toMatchObject({
      state: 'warning',
      message: expect.stringContaining('although there is a GPU: NVIDIA (driver 570)'),
    });
  });
});
