import { afterAll, beforeAll, describe, expect } from 'vitest';
import { enginePid, LONG_TALK } from '../support/engine.ts';
import { parseEventOrder } from '../support/event-grammar.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { verifies } from '../support/verifies.ts';

let server: TestServer;
beforeAll(async () => {
  // One at a time: whoever is served has got the place of the one before.
  server = await startServer({ config: { engine: { parallel: 1 } } });
});
afterAll(() => server[Symbol.asyncDispose]());

describe('a model whose process is killed', () => {
  verifies('faults.killed-mid-stream', async () => {
    const pid = await enginePid(server);
    const stream = await server.admin.stream(LONG_TALK);
    await stream.until('message.delta');
    process.kill(pid, 'SIGKILL');
    const [error, end] = (await stream.all()).slice(-2).map(({ data }) => data);
    expect(error).toMatchObject({ type: 'error', error: { code: 'model_crashed', message: expect.any(String) } });
    expect(end).toMatchObject({ type: 'chat.end', result: { model_instance_id: NANO, output: [{ type: 'message' }] } });
    // What was said before is kept, and can be gone on from.
    expect(end.result).toHaveProperty('response_id');
  });

  verifies('faults.killed-waiting', async () => {
    const pid = await enginePid(server);
    const stream = await server.admin.stream(LONG_TALK);
    const waiting = [1, 2].map(() => server.admin.chat({ input: 'Hello' }));
    await stream.until('message.delta');
    process.kill(pid, 'SIGKILL');
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await stream.all()).at(-2)?.data).toMatchObject({ type: 'error', error: { code: 'model_crashed' } });
  });

  verifies('faults.reload', async () => {
    const pid = await enginePid(server);
    process.kill(pid, 'SIGKILL');
    await server.log.find((line) => line.includes('"engine process ended"') && JSON.parse(line).pid === pid);
    const events = await (await server.admin.stream({ input: 'Hello' })).all();
    expect(parseEventOrder(events).slice(0, 2)).toEqual(['chat.start', 'model_load.start']);
    expect(await enginePid(server)).not.toBe(pid);
  });

  verifies('faults.retry', async () => {
    const pid = await enginePid(server);
    // It takes the request and says nothing about it.
    process.kill(pid, 'SIGSTOP');
    const streaming = server.admin.stream({ input: 'Hello' });
    await server.admin.get('/health');
    process.kill(pid, 'SIGKILL');
    const events = await (await streaming).all();
    parseEventOrder(events);
    expect(events.at(-1)?.data.result.output[0].content).toContain('Hello');
  });
});

describe('a caller who goes away', () => {
  verifies(
    'faults.disconnect',
    async () => {
      await enginePid(server);
      const stream = await server.admin.stream(LONG_TALK);
      await stream.until('message.delta');
      const left = performance.now();
      stream.leave();
      expect((await server.admin.chat({ input: 'Hello' })).status).toBe(200);
      expect(performance.now() - left).toBeLessThan(1000);
      const line = await server.log.find((text) => text.includes('"aborted":true'));
      expect(JSON.parse(line)).toMatchObject({ path: '/api/v1/chat', aborted: true });
    },
    'in mid-stream',
  );

  verifies(
    'faults.disconnect',
    async () => {
      await enginePid(server);
      const leaving = new AbortController();
      const gone = expect(server.admin.chat(LONG_TALK, leaving.signal)).rejects.toThrow('aborted');
      await server.admin.get('/health');
      const next = server.admin.chat({ input: 'Hello' });
      await server.admin.get('/health');
      const left = performance.now();
      leaving.abort();
      expect((await next).status).toBe(200);
      expect(performance.now() - left).toBeLessThan(1000);
      await gone;
    },
    'before there was an answer',
  );

  verifies('faults.disconnect-waiting', async () => {
    await enginePid(server);
    const first = await server.admin.stream(LONG_TALK);
    await first.until('message.delta');
    const second = await server.admin.stream({ input: 'Hello' });
    await second.until('prompt_processing.start');
    second.leave();
    const third = server.admin.chat({ input: 'Hello' });
    first.leave();
    expect((await third).status).toBe(200);
  });
});
