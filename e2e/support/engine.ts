import { NANO, type TestServer } from './server.ts';

/** A question that nano answers until its context is full: a penalty below 1 rewards repetition. */
export const LONG_TALK = { input: 'Repeat: red fox', repeat_penalty: 0.2 };

/** Loads the nano model if needed, and returns the id of its process. */
export async function enginePid(server: TestServer): Promise<number> {
  await server.admin.chat({ input: 'Hello', store: false });
  const loads = server.log.lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'model loaded');
  const pid: unknown = loads.findLast(({ model }) => model === NANO)?.pid;
  if (typeof pid !== 'number') throw new Error('The log does not say where the model is.');
  return pid;
}
