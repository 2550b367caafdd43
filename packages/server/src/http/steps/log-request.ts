import { excerpt } from '../../telemetry/hide-secrets.ts';
import type { Step } from '../step.ts';

/** How many characters of a path are logged. */
const PATH_CHARACTERS = 512;

/** Health checks are logged at the debug level only. */
function levelOf(path: string, status: number): 'debug' | 'info' | 'warn' {
  if (status >= 500) return 'warn';
  return ['/health', '/live', '/ready'].includes(path) ? 'debug' : 'info';
}

/** Sets the request id header, and writes the line of the access log when the exchange has ended. */
export const logRequest: Step = (context, next) => {
  const startedAt = performance.now();
  context.replyHeaders['X-Request-Id'] = context.id;
  context.onEnd(({ status, whole }) => {
    const { caller, address = context.connection.remoteAddress } = context;
    context.logger[levelOf(context.path, status)](
      {
        method: context.method,
        path: excerpt(context.path, PATH_CHARACTERS),
        status,
        address,
        ms: Math.round((performance.now() - startedAt) * 10) / 10,
        ...(whole ? {} : { aborted: true }),
        ...(caller === undefined ? {} : { token: caller.principal.id }),
      },
      'request',
    );
  });
  return next();
};
