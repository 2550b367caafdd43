import type { Metrics } from '../../telemetry/metrics.ts';
import type { Route } from '../route.ts';
import type { Step } from '../step.ts';

/** Counts and times the requests to a route when they have ended. */
export const measureRequest =
  (metrics: Pick<Metrics, 'request'>, { method, path: route }: Pick<Route, 'method' | 'path'>): Step =>
  (context, next) => {
    const startedAt = performance.now();
    context.onEnd(({ status }) => {
      metrics.request({ method, route, status, seconds: (performance.now() - startedAt) / 1000 });
    });
    return next();
  };
