const controller = new AbortController();

// npm forwards Ctrl-C to a process that already got it from the terminal: only the first signal has an effect.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => controller.abort());

/** Aborts on Ctrl-C, and on any other signal to end that the demo can catch. */
export const interruption: AbortSignal = controller.signal;
