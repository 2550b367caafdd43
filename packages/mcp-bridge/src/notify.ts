/**
 * Calls a function of the host that only reports something to it. What it throws, or rejects with later, is ignored: it
 * must not end what it reports on.
 */
export function notify<Values extends readonly unknown[]>(
  listener: ((...values: Values) => unknown) | undefined,
  ...values: Values
): void {
  try {
    Promise.resolve(listener?.(...values)).catch(ignore);
  } catch {
    // As above.
  }
}

function ignore(): void {}
