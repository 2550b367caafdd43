import { type AuditEvent, type AuditSink, recordAct } from '@latchkey/auth-core';

/** Performs one change that affects several things, with an entry for each. All entries are written before it. */
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
