import { type AuditEvent, type AuditSink, recordAct } from '@latchkey/auth-core';

/** Makes a change with one entry for each of several things that it is made to; all of them come before it. */
export async function recordActs(
  sink: AuditSink,
  [event, ...others]: readonly AuditEvent[],
  act: () => Promise<void>,
): Promise<void> {
  if (event === undefined) {
    await act();
    return;
  }
  await recordAct(
    sink,
    event,
    async () => {
      await recordActs(sink, others, act);
      return true;
    },
    undefined,
  );
}
