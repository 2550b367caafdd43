import type { Metrics, ReadLoaded } from '../../telemetry/metrics.ts';
import type { Handler } from '../step.ts';

/** `GET /metrics`: the server's metrics in the text format of Prometheus. */
export const createMetricsHandler =
  (metrics: Pick<Metrics, 'render'>, loaded: ReadLoaded): Handler =>
  async () => {
    const { type, text } = await metrics.render(loaded);
    return { status: 200, headers: { 'Content-Type': type }, body: { text } };
  };
