import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DownloadState } from '../../src/downloads/download-job.ts';
import type { Downloads, DownloadsOptions } from '../../src/downloads/downloads.ts';
import { openJobFiles } from '../../src/downloads/job-files.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';
import { type ModelServer, modelBytes, sendFile, startModelServer, stopsAfter } from './model-server.ts';
import { newDownloads } from './new-downloads.ts';

const NEVER = new AbortController().signal;
const SIZE = 300_000;
const FILE = 'granite-Q4_K_M.gguf';

async function newPlace(options: Partial<DownloadsOptions> = {}, files: Readonly<Record<string, Buffer>> = {}) {
  const server = await startModelServer();
  for (const [name, bytes] of Object.entries(Object.keys(files).length > 0 ? files : { [FILE]: modelBytes(SIZE) })) {
    server.files.set(name, bytes);
  }
  const folder = temporaryFolder();
  const models = join(folder, 'models');
  const open = (changes: Parameters<typeof newDownloads>[0] = {}) => {
    const downloads = newDownloads({
      models,
      jobs: openJobFiles(join(folder, 'jobs')),
      places: { baseUrl: server.url, token: 'hf_secret', allowPrivateHosts: ['127.0.0.1'] },
      ...options,
      ...changes,
    });
    onTestFinished(() => downloads[Symbol.asyncDispose]());
    return downloads;
  };
  return { server, models, open, downloads: open() };
}

async function begin(downloads: Downloads, model = 'ibm/granite', quantization?: string): Promise<DownloadState> {
  const { source } = downloads.read(model, quantization);
  const started = await downloads.start(await downloads.find(source, NEVER), (act) => act());
  if (!started.isNew) throw new Error('it is there already');
  return started.job;
}

async function ended(downloads: Downloads, id: string): Promise<DownloadState> {
  await expect.poll(() => downloads.status(id)?.status, { timeout: 10_000 }).not.toBe('downloading');
  return downloads.status(id) ?? expect.fail('the download is unknown');
}

const pull = async (downloads: Downloads, ...asked: [string?, string?]): Promise<DownloadState> =>
  ended(downloads, (await begin(downloads, ...asked)).id);

/** Breaks a connection once so many bytes have been written. */
async function breakAt(downloads: Downloads, id: string, bytes: number, stop: { breakIt(): void }): Promise<void> {
  await expect.poll(() => downloads.status(id)?.downloadedBytes).toBe(bytes);
  stop.breakIt();
}

/** The models that are found in a folder: files below it that do not wait. */
const modelsIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
        (path) => !path.startsWith('.') && path.endsWith('.gguf'),
      )
    : [];
const fileRequests = ({ requests }: ModelServer) => requests.filter(({ path }) => path.endsWith('.gguf'));

describe('a download', () => {
  it('gets a whole file, in its place, and is not needed a second time', async () => {
    const { server, models, downloads } = await newPlace();
    const end = await pull(downloads);
    expect(end).toMatchObject({ status: 'completed', totalBytes: SIZE, downloadedBytes: SIZE, model: 'ibm/granite' });
    expect(readFileSync(join(models, 'ibm/granite', FILE))).toEqual(server.files.get(FILE));
    expect(readdirSync(join(models, '.downloads'))).toEqual([]);
    const { source } = downloads.read('ibm/granite', undefined);
    const again = await downloads.start(await downloads.find(source, NEVER), () => expect.fail('it is there'));
    expect(again).toEqual({ isNew: false, model: 'ibm/granite', totalBytes: SIZE });
  });

  it('goes on where the connection broke, with the version that it began with', async () => {
    const { server, models, downloads } = await newPlace();
    const [first, second] = [stopsAfter(100_000), stopsAfter(50_000)];
    server.next.push(first, second);
    const { id } = await begin(downloads);
    await breakAt(downloads, id, 100_000, first);
    await breakAt(downloads, id, 150_000, second);
    expect((await ended(downloads, id)).status).toBe('completed');
    expect(readFileSync(join(models, 'ibm/granite', FILE))).toEqual(server.files.get(FILE));
    expect(fileRequests(server).map(({ headers }) => [headers.range, headers['if-range']])).toEqual([
      [undefined, undefined],
      ['bytes=100000-', '"one"'],
      ['bytes=150000-', '"one"'],
    ]);
  });

  it('begins again when the file was replaced meanwhile', async () => {
    const { server, models, downloads } = await newPlace();
    server.announced.set(FILE, { oid: null });
    const stop = stopsAfter(100_000);
    server.next.push(stop);
    const { id } = await begin(downloads);
    await expect.poll(() => downloads.status(id)?.downloadedBytes).toBe(100_000);
    server.files.set(FILE, modelBytes(SIZE, 99));
    server.etag = '"two"';
    stop.breakIt();
    expect((await ended(downloads, id)).status).toBe('completed');
    expect(fileRequests(server)[1]?.headers).toMatchObject({ range: 'bytes=100000-', 'if-range': '"one"' });
    expect(readFileSync(join(models, 'ibm/granite', FILE))).toEqual(modelBytes(SIZE, 99));
  });

  it('begins again where neither a checksum nor a version says that the rest belongs to the beginning', async () => {
    const { server, models, downloads } = await newPlace();
    server.announced.set(FILE, { oid: null });
    server.etag = 'W/"weak"';
    const stop = stopsAfter(100_000, 'W/"weak"');
    server.next.push(stop);
    const { id } = await begin(downloads);
    await breakAt(downloads, id, 100_000, stop);
    expect((await ended(downloads, id)).status).toBe('completed');
    expect(fileRequests(server).map(({ headers }) => headers.range)).toEqual([undefined, undefined]);
    expect(readFileSync(join(models, 'ibm/granite', FILE))).toEqual(server.files.get(FILE));
  });

  it('is tried again when nothing comes any more', async () => {
    const { server, downloads } = await newPlace({ stallMilliseconds: 100 });
    server.next.push((_, response, bytes) => {
      response.writeHead(200, { 'content-length': bytes.length, etag: '"one"' });
      response.write(bytes.subarray(0, 1000));
    });
    expect((await pull(downloads)).status).toBe('completed');
    expect(fileRequests(server)[1]?.headers.range).toBe('bytes=1000-');
  });

  it('goes on after a restart from where it was', async () => {
    const { server, models, downloads, open } = await newPlace();
    server.next.push((_, response, bytes) => {
      response.writeHead(200, { 'content-length': bytes.length, etag: '"one"' });
      response.write(bytes.subarray(0, 120_000));
    });
    const { id } = await begin(downloads);
    await expect.poll(() => downloads.status(id)?.downloadedBytes).toBe(120_000);
    await downloads[Symbol.asyncDispose]();
    expect(modelsIn(models)).toEqual([]);
    const end = await ended(open(), id);
    expect(end).toMatchObject({ id, status: 'completed' });
    expect(fileRequests(server).map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=120000-']);
    expect(readFileSync(join(models, 'ibm/granite', FILE))).toEqual(server.files.get(FILE));
  });

  it('that has failed is continued when it is asked for again', async () => {
    const { server, downloads } = await newPlace();
    const unavailable = (_: unknown, response: { writeHead(status: number): { end(): void } }) =>
      response.writeHead(503).end();
    const stop = stopsAfter(100_000);
    server.next.push(stop, ...Array.from({ length: 5 }, () => unavailable));
    const { id } = await begin(downloads);
    await breakAt(downloads, id, 100_000, stop);
    const first = await ended(downloads, id);
    expect(first).toMatchObject({ status: 'failed', problem: '127.0.0.1 answered with HTTP 503.' });
    const second = await pull(downloads);
    expect([second.status, second.id]).toEqual(['completed', first.id]);
    expect(fileRequests(server).at(-1)?.headers.range).toBe('bytes=100000-');
  });

  it('that is cancelled leaves nothing', async () => {
    const { server, models, downloads } = await newPlace();
    server.next.push((_, response, bytes) => {
      response.writeHead(200, { 'content-length': bytes.length, etag: '"one"' });
      response.write(bytes.subarray(0, 1000));
    });
    const { id } = await begin(downloads);
    await expect.poll(() => downloads.status(id)?.downloadedBytes).toBe(1000);
    await downloads.cancel(id);
    expect(downloads.status(id)?.status).toBe('cancelled');
    expect([modelsIn(models), readdirSync(join(models, '.downloads'))]).toEqual([[], []]);
  });

  it('is joined by a second request for the same, and not by one for another quantization', async () => {
    const { server, downloads } = await newPlace({}, { [FILE]: modelBytes(SIZE), 'granite-Q8_0.gguf': modelBytes(99) });
    server.next.push((_, response, bytes) => {
      response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 10));
    });
    const first = await begin(downloads);
    expect((await begin(downloads)).id).toBe(first.id);
    expect((await begin(downloads, 'ibm/granite@q8_0')).id).not.toBe(first.id);
    await downloads.cancel(first.id);
  });
});

describe('what is not the announced file', () => {
  it.each<[string, (server: ModelServer) => void, RegExp]>([
    ['other bytes', ({ announced }) => announced.set(FILE, { oid: '0'.repeat(64) }), /another checksum/],
    [
      'another length',
      ({ announced }) => announced.set(FILE, { size: SIZE + 1 }),
      /has a file of 300000 bytes; one of 300001 was announced/,
    ],
    [
      'more bytes than announced, without a length',
      ({ next }) => next.push((_, response, bytes) => response.writeHead(200).end(Buffer.concat([bytes, bytes]))),
      /More bytes came than the 300000/,
    ],
    [
      'something else than a model',
      ({ files, announced }) => {
        files.set(FILE, Buffer.from('<html>Please log in</html>'));
        announced.set(FILE, { oid: null });
      },
      /is not a GGUF file/,
    ],
    [
      'another part than was asked for',
      ({ next }) => {
        next.push(stopsAfter(1000), (_, response, bytes) => {
          const range = `bytes 500-${bytes.length - 1}/${bytes.length}`;
          response.writeHead(206, { 'content-range': range, etag: '"one"' }).end(bytes.subarray(500));
        });
      },
      /sent another part/,
    ],
    ['nothing', ({ next }) => next.push((_, response) => response.writeHead(404).end()), /HTTP 404/],
  ])('is refused and never a model: %s', async (_, misbehave, problem) => {
    const { server, models, downloads } = await newPlace({ stallMilliseconds: 200 });
    misbehave(server);
    const end = await pull(downloads);
    expect(end).toMatchObject({ status: 'failed', problem: expect.stringMatching(problem) });
    expect(modelsIn(models)).toEqual([]);
    const waiting = readdirSync(join(models, '.downloads'), { recursive: true, encoding: 'utf8' });
    expect(waiting.filter((path) => path.endsWith('.gguf'))).toEqual([]);
  });
});

describe('a split model', () => {
  const parts = (count: number, total = count) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `q8/big-Q8_0-0000${index + 1}-of-0000${total}.gguf`,
        modelBytes(50_000, index + 1),
      ]),
    );

  it('appears with all its parts at once', async () => {
    const { server, models, downloads } = await newPlace({}, parts(3));
    const held = Promise.withResolvers<void>();
    server.next.push(
      (request, response, bytes) => sendFile(request, response, bytes, '"one"'),
      (request, response, bytes) => void held.promise.then(() => sendFile(request, response, bytes, '"one"')),
    );
    const { id } = await begin(downloads);
    await expect.poll(() => downloads.status(id)?.downloadedBytes).toBe(50_000);
    expect(modelsIn(models)).toEqual([]);
    held.resolve();
    expect((await ended(downloads, id)).status).toBe('completed');
    expect(modelsIn(models).sort()).toEqual([
      'ibm/granite/big-Q8_0/big-Q8_0-00001-of-00003.gguf',
      'ibm/granite/big-Q8_0/big-Q8_0-00002-of-00003.gguf',
      'ibm/granite/big-Q8_0/big-Q8_0-00003-of-00003.gguf',
    ]);
  });

  it('of which a part is missing is not begun', async () => {
    const { server, downloads } = await newPlace({}, parts(2, 3));
    await expect(begin(downloads)).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: 'The repository does not have all parts of this model.',
    });
    expect(fileRequests(server)).toEqual([]);
  });
});

describe('which file of a repository is taken', () => {
  const files = Object.fromEntries(
    ['m-Q8_0.gguf', 'm-Q4_K_M.gguf', 'm-IQ2_XS.gguf', 'mmproj-m-F16.gguf', '../evil-Q4_0.gguf', '.git/x-Q4_0.gguf'].map(
      (name, index) => [name, modelBytes(1000 + index)],
    ),
  );

  it.each<[string, string | undefined, string]>([
    ['ibm/granite', undefined, 'm-Q4_K_M.gguf'],
    ['ibm/granite', 'q8_0', 'm-Q8_0.gguf'],
    ['ibm/granite@IQ2_XS', undefined, 'm-IQ2_XS.gguf'],
    ['URL/ibm/granite', 'Q8_0', 'm-Q8_0.gguf'],
    ['URL/ibm/granite/resolve/main/m-IQ2_XS.gguf', undefined, 'm-IQ2_XS.gguf'],
    ['URL/ibm/granite/blob/main/m-Q8_0.gguf', undefined, 'm-Q8_0.gguf'],
  ])('%s %s is %s', async (model, quantization, file) => {
    const { server, models, downloads } = await newPlace({}, files);
    await pull(downloads, model.replace('URL', server.url), quantization);
    expect(modelsIn(models)).toEqual([`ibm/granite/${file}`]);
  });

  it('is refused with what there is when there is no such quantization', async () => {
    const { downloads } = await newPlace({}, files);
    await expect(begin(downloads, 'ibm/granite', 'q4_0')).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: 'ibm/granite has no quantization q4_0. It has: q8_0, q4_k_m, iq2_xs.',
    });
  });

  it.each([
    ...['../granite', 'ibm/..', 'ibm', 'ibm/granite/x', '/etc/passwd', 'ibm/gra nite', 'ibm\\granite', 'ibm/%2e%2e'],
    ...['https://user:secret@x.example/m.gguf', 'https://x.example/', 'https://x.example/%2e%2e%2fm.gguf', 'file:///m'],
    ...['https://x.example/.gguf', 'https://x.example/m.gguf%00', 'http://%/m.gguf'],
  ])('names no model: %s', async (model) => {
    const { server, downloads } = await newPlace();
    const outcome = (async () => begin(downloads, model))();
    await expect(outcome).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    expect(server.requests).toEqual([]);
  });

  it('knows no repository that is not there', async () => {
    const { downloads } = await newPlace();
    await expect(begin(downloads, 'ibm/other')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });
});

describe('where a download goes', () => {
  it('has the token for its own server, and none for the one to which that redirects', async () => {
    const { server, models, downloads } = await newPlace();
    const other = await startModelServer();
    other.files.set(FILE, modelBytes(SIZE));
    server.next.push((_, response) => response.writeHead(302, { location: `${other.url}/${FILE}` }).end());
    expect((await pull(downloads)).status).toBe('completed');
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer hf_secret',
      'Bearer hf_secret',
    ]);
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    expect(modelsIn(models)).toEqual([`ibm/granite/${FILE}`]);
  });

  it.each<[string, (url: string) => string, RegExp]>([
    ['a host that is not in the list', () => 'https://evil.example/m.gguf', /Nothing is downloaded from evil\.example/],
    ['the same machine by another name', (url) => url.replace('127.0.0.1', 'localhost'), /Nothing is .* localhost/],
    ['a scheme that is not HTTP', () => 'file:///etc/passwd', /Nothing is downloaded/],
    ['itself, for ever', (url) => `${url}/ibm/granite/resolve/main/${FILE}`, /redirects more than 6 times/],
  ])('is not %s, by a redirect', async (_, target, problem) => {
    const { server, downloads } = await newPlace();
    for (let count = 0; count < 8; count += 1) {
      server.next.push((_request, response) => response.writeHead(302, { location: target(server.url) }).end());
    }
    expect(await pull(downloads)).toMatchObject({ status: 'failed', problem: expect.stringMatching(problem) });
  });

  it('is not an address inside, unless that is in the list, also for the configured server', async () => {
    const { server, open } = await newPlace();
    const closed = open({ places: { baseUrl: server.url } });
    await expect(begin(closed)).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: '127.0.0.1 is not reached: its address is not one that may be reached.',
    });
    const named = open({ places: { baseUrl: server.url, hosts: ['*'] } });
    await expect(begin(named, 'http://169.254.169.254/m.gguf')).rejects.toMatchObject({
      message: 'Nothing is downloaded from 169.254.169.254 without TLS.',
    });
    await expect(begin(named, 'https://169.254.169.254/m.gguf')).rejects.toMatchObject({
      message: '169.254.169.254 is not reached: its address is not one that may be reached.',
    });
    expect(server.requests).toEqual([]);
  });

  it('takes a file of another host in the list', async () => {
    const { models, open } = await newPlace();
    const other = await startModelServer();
    other.files.set('nano.gguf', modelBytes(5000));
    const downloads = open({
      places: { baseUrl: 'https://hub.example', hosts: ['127.0.0.1'], allowPrivateHosts: ['127.0.0.1'] },
    });
    expect(await pull(downloads, `${other.url}/nano.gguf`)).toMatchObject({
      ...{ status: 'completed', model: '127.0.0.1/nano', totalBytes: 5000 },
    });
    expect(modelsIn(models)).toEqual(['127.0.0.1/nano/nano.gguf']);
  });
});

describe('a disk with too little room', () => {
  it('is noticed before anything is downloaded, with what else is being downloaded', async () => {
    const { server, downloads, models } = await newPlace({ freeBytes: async () => 512 * 2 ** 20 + SIZE - 1 });
    await expect(begin(downloads)).rejects.toMatchObject({
      code: 'INSUFFICIENT_STORAGE',
      message: expect.stringMatching(/^The model has 0\.00 GB, and the disk of the models folder has 0\.54 GB free/),
    });
    expect([fileRequests(server), modelsIn(models)]).toEqual([[], []]);
  });

  it('or a folder that cannot be written ends a download in words', async () => {
    const { models, downloads } = await newPlace();
    mkdirSync(models, { recursive: true });
    writeFileSync(join(models, '.downloads'), 'not a folder');
    expect(await pull(downloads)).toMatchObject({ status: 'failed', problem: 'The models folder cannot be written.' });
  });
});
