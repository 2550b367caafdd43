import type { Grant } from '@latchkey/auth-core/llm';
import { EngineError, type Model } from '@latchkey/engine';
import { ScriptedEngine } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { createAllowedFetch } from '../../src/downloads/allowed-fetch.ts';
import { type ModelServer, modelBytes, startModelServer } from '../downloads/model-server.ts';
import { send } from './in-process-client.ts';
import { newServer, type TestServer } from './new-server.ts';

const MAY: Grant = { actions: ['models:download'], models: ['ibm/*'] };
const JOB = '/api/v1/models/download/status';

const post = (server: TestServer, token: string, what: string, body: unknown) =>
  send(server.app, { method: 'POST', path: `/api/v1/models/${what}`, token, body });
const typesOf = async ({ audit }: TestServer) =>
  (await audit.list({ limit: 100 }))
    .map(({ type, subject }) => [type, subject])
    .filter(([type]) => type !== 'token.issued');

async function newPlace(): Promise<{ readonly server: TestServer; readonly hub: ModelServer }> {
  const hub = await startModelServer();
  hub.files.set('granite-Q8_0.gguf', modelBytes(5000));
  const open = createAllowedFetch({ baseUrl: hub.url, hosts: [], allowPrivateHosts: ['127.0.0.1'] });
  return { server: await newServer({ downloads: { baseUrl: hub.url, open } }), hub };
}

describe('POST /api/v1/models/download', () => {
  it('answers as LM Studio does, and its status tells how far it is', async () => {
    const { server } = await newPlace();
    const token = await server.issue(MAY);
    const started = await post(server, token, 'download', { model: 'ibm/granite', quantization: 'q8_0' });
    expect([started.status, started.json()]).toMatchObject([
      200,
      { job_id: expect.stringMatching(/^job_[0-9a-f]{10}$/), status: 'downloading', total_size_bytes: 5000 },
    ]);
    const path = `${JOB}/${started.json().job_id}`;
    const status = async () => (await send(server.app, { path, token })).json();
    await expect.poll(async () => (await status()).status).toBe('completed');
    expect(await status()).toMatchObject({
      ...{ model: 'ibm/granite', downloaded_bytes: 5000, total_size_bytes: 5000 },
      ...{ started_at: expect.any(String), completed_at: expect.any(String) },
    });
    const again = await post(server, token, 'download', { model: 'ibm/granite' });
    expect(again.json()).toEqual({ status: 'already_downloaded', model: 'ibm/granite', total_size_bytes: 5000 });
    expect(await typesOf(server)).toEqual([['download.started', 'ibm/granite']]);
  });

  it('is decided by the key of the model, before its server is asked anything', async () => {
    const { server, hub } = await newPlace();
    const token = await server.issue({ ...MAY, models: ['qwen/*'] });
    for (const model of ['ibm/granite', `${hub.url}/ibm/granite/resolve/main/granite-Q8_0.gguf`]) {
      const answer = await post(server, token, 'download', { model });
      expect([answer.status, answer.json()]).toMatchObject([403, { error: { param: 'model' } }]);
    }
    expect(hub.requests).toEqual([]);
  });

  it('tells nothing of a download to a token that may not download its model', async () => {
    const { server, hub } = await newPlace();
    hub.next.push((_, response, bytes) => {
      response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 10));
    });
    const token = await server.issue(MAY);
    const { job_id: id } = (await post(server, token, 'download', { model: 'ibm/granite' })).json();
    const other = await server.issue({ ...MAY, models: ['qwen/*'] });
    const unknown = await send(server.app, { path: `${JOB}/job_0000000000`, token });
    const hidden = await send(server.app, { path: `${JOB}/${id}`, token: other });
    expect([hidden.status, hidden.json()]).toEqual([unknown.status, unknown.json()]);
    expect([unknown.status, unknown.json()]).toMatchObject([404, { error: { type: 'job_not_found' } }]);
    expect((await post(server, other, 'download/cancel', { job_id: id })).status).toBe(404);
    const cancelled = await post(server, token, 'download/cancel', { job_id: id });
    expect(cancelled.json()).toMatchObject({ status: 'failed', error: 'It was cancelled.' });
    expect(await typesOf(server)).toEqual([
      ['download.started', 'ibm/granite'],
      ['download.cancelled', 'ibm/granite'],
    ]);
  });

  it('names what the server of models does wrong', async () => {
    const { server, hub } = await newPlace();
    hub.files.clear();
    const answer = await post(server, await server.issue(MAY), 'download', { model: 'ibm/granite' });
    expect([answer.status, answer.json()]).toMatchObject([
      400,
      { error: { message: 'ibm/granite has no GGUF files.', param: 'model' } },
    ]);
  });
});

describe('POST /api/v1/models/delete', () => {
  const newEngine = (remove?: (model: Model) => Promise<void>): ScriptedEngine => {
    const engine = new ScriptedEngine();
    if (remove !== undefined) for (const source of engine.sources) Object.assign(source, { remove });
    return engine;
  };

  it('unloads a model and deletes it', async () => {
    const deleted: string[] = [];
    const engine = newEngine(async ({ key }) => void deleted.push(key));
    const server = await newServer({ runs: engine });
    const token = await server.issue({ ...MAY, actions: ['models:download', 'models:load'] });
    await post(server, token, 'load', { model: 'ibm/granite' });
    const answer = await post(server, token, 'delete', { model: 'small' });
    expect([answer.status, answer.json()]).toEqual([200, { model: 'ibm/granite' }]);
    expect([deleted, engine.models.map(({ disposed }) => disposed)]).toEqual([['ibm/granite'], [true]]);
    expect(await typesOf(server)).toEqual([['model.deleted', 'ibm/granite']]);
  });

  it('refuses models beyond the token, those of other servers, and those that the system keeps', async () => {
    const deleted: string[] = [];
    const server = await newServer({ runs: newEngine(async ({ key }) => void deleted.push(key)) });
    const narrow = await server.issue({ ...MAY, models: ['ibm/other'] });
    expect((await post(server, narrow, 'delete', { model: 'ibm/granite' })).status).toBe(403);
    expect(deleted).toEqual([]);

    const elsewhere = await newServer({ runs: newEngine() });
    const answer = await post(elsewhere, await elsewhere.issue(MAY), 'delete', { model: 'ibm/granite' });
    expect([answer.status, answer.json()]).toMatchObject([400, { error: { param: 'model' } }]);

    const failure = new EngineError('MODEL_UNAVAILABLE', 'The files of the model cannot be deleted (EACCES).');
    const locked = await newServer({ runs: newEngine(() => Promise.reject(failure)) });
    const kept = await post(locked, await locked.issue(MAY), 'delete', { model: 'ibm/granite' });
    expect([kept.status, kept.json()]).toMatchObject([503, { error: { message: failure.message } }]);
  });
});
