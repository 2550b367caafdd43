import { ServerError } from '../../contracts/server-error.ts';
import { createFindRoute } from '../find-route.ts';
import type { Route } from '../route.ts';
import type { Handler } from '../step.ts';

/** Passes a request to its route; a request that matches no route gets an ordinary error. */
export function takeRoute(routes: readonly Route[], handlerOf: (route: Route) => Handler): Handler {
  const find = createFindRoute(routes.map((route) => ({ ...route, handler: handlerOf(route) })));
  return async (context) => {
    const { method, path } = context;
    const found = find(method, path);
    if ('row' in found) {
      context.params = found.params;
      return found.row.handler(context);
    }
    const shown = path.slice(0, 128);
    if (found.allowed.length === 0) throw new ServerError('NOT_FOUND', `There is nothing at ${method} ${shown}.`);
    const taken = found.allowed.join(', ');
    context.replyHeaders.Allow = taken;
    if (method === 'OPTIONS') return { status: 200 };
    throw new ServerError('METHOD_NOT_ALLOWED', `${shown} takes ${taken}, and not ${method}.`);
  };
}
