const controller = new AbortController();

// npm passes Ctrl-C on to a process that the terminal has told already: what comes after the first changes nothing.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => controller.abort());

/** Aborts when somebody presses Ctrl-C, or ends the demo in another way that it can notice. */
export const interruption: AbortSignal = controller.signal;
