import type { Notify } from '../contracts/webhook-event.ts';

/** Notices what becomes of the engines and of the servers behind them. */
export interface EngineLookout {
  /** Looks for what keeps models from being found, e.g. an upstream server that does not answer. */
  look(now: Date): Promise<void>;
  /** A model that could not be loaded, or whose process ended; `error` is undefined when it was loaded. */
  judge(model: string, error: string | undefined, now: Date): void;
}

/**
 * Notifies operators of models that do not load or whose process ended, and of upstream servers and folders from which no
 * models can be had: of each once, until it is well again.
 */
export function createEngineLookout(
  catalog: { problems(): Promise<readonly string[]> },
  notify: Notify,
): EngineLookout {
  const unhealthy = new Set<string>();
  const problems = new Set<string>();

  function tell(model: string | null, error: string, now: Date): void {
    const since = now.toISOString();
    notify({
      type: 'engine.unhealthy',
      key: `${model ?? error}\n${since}`,
      data: { model, error, since },
    });
  }

  return {
    async look(now) {
      const found = new Set(await catalog.problems());
      for (const problem of found) if (!problems.has(problem)) tell(null, problem, now);
      problems.clear();
      for (const problem of found) problems.add(problem);
    },
    judge(model, error, now) {
      if (error === undefined) unhealthy.delete(model);
      else if (!unhealthy.has(model)) {
        unhealthy.add(model);
        tell(model, error, now);
      }
    },
  };
}
