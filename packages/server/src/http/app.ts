import { createClientAddress } from '@latchkey/auth-core/http';
import type { Meter } from '@latchkey/auth-core/llm';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { lmstudioDialect } from '../dialects/lmstudio/index.ts';
import type { KeyedRequests } from '../idempotency/keyed-requests.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createDialectOf } from './dialect-of.ts';
import { requireAudienceOf } from './mcp-only.ts';
import { checkPlace, routesAtPlaces } from './places.ts';
import { headersOf, type Reply } from './reply.ts';
import type { IncomingRequest } from './request.ts';
import { RequestContext, type RequestContextOptions } from './request-context.ts';
import type { Route } from './route.ts';
import { composeSteps, type Guard, guardedBy, type Handler, type Step } from './step.ts';
import { createAdmission } from './steps/admit.ts';
import { answerOnce } from './steps/answer-once.ts';
import { auditRequest } from './steps/audit-request.ts';
import { type AuthenticateOptions, createAuthentication } from './steps/authenticate.ts';
import { authorize, verifyAgain } from './steps/authorize.ts';
import { type CheckOriginOptions, checkOrigin } from './steps/check-origin.ts';
import { endWithToken } from './steps/end-with-token.ts';
import { logRequest } from './steps/log-request.ts';
import { measureRequest } from './steps/measure-request.ts';
import { readBody } from './steps/read-body.ts';
import { renderErrors } from './steps/render-errors.ts';
import { safeHeaders } from './steps/safe-headers.ts';
import { takeRoute } from './steps/take-route.ts';

export interface AppOptions extends RequestContextOptions, CheckOriginOptions, AuthenticateOptions {
  readonly meter: Meter;
  readonly metrics: Pick<Metrics, 'request'>;
  readonly trail: Pick<AuditTrail, 'during' | 'refused' | 'hasActed'>;
  /** Deduplicates requests that carry an `Idempotency-Key`. */
  readonly keyedRequests: Pick<KeyedRequests, 'take'>;
  readonly routes: readonly Route[];
  /** Makes room on a full disk for a request that takes rights away. */
  readonly makeRoom?: () => void;
  /** The URL of the metadata of `/mcp`; set only when authorization servers are configured. */
  readonly resourceMetadata?: string;
}

/** Answers a request. It does not reject because of anything in the request. */
export type App = (request: IncomingRequest) => Promise<Reply>;

/** Assembles the steps of the server, in the order in which a request passes them. */
export function createApp(options: AppOptions): App {
  const { resourceMetadata, basicAuthentication: basic } = options;
  const routes = [...options.routes, ...routesAtPlaces(options.routes)];
  const dialectOf = createDialectOf(routes, lmstudioDialect);
  const handle = composeSteps(
    [
      logRequest,
      renderErrors(dialectOf, { basic, ...(resourceMetadata === undefined ? {} : { resourceMetadata }) }),
      safeHeaders,
      checkOrigin(options),
    ],
    takeRoute(routes, createRouteHandlers(options)),
  );
  return serve(handle, options);
}

/** Gives each request its own context, and adds the headers that the steps have set to its answer. */
export const serve =
  (handle: Handler, options: RequestContextOptions): App =>
  async (request) => {
    const context = new RequestContext(request, options);
    const reply = await handle(context);
    return { ...reply, headers: { ...context.replyHeaders, ...headersOf(reply.body), ...reply.headers } };
  };

/**
 * The steps between a route and its handler: authentication, authorization, reading of the body, both checks again
 * after the body, and the lookup of an earlier answer to the same request.
 */
function createRouteHandlers(options: AppOptions): (route: Route) => Handler {
  const { auth, trail, requiresAuthentication, makeRoom = () => {} } = options;
  const clientAddress = createClientAddress(options.trustedProxies);
  const authenticationOf = createAuthentication(options);
  const admissionOf = createAdmission(options.meter);
  const watchToken = guardedBy(endWithToken(auth));
  const again = verifyAgain(async () => !(await requiresAuthentication()));

  return (route) => {
    const { access, body, runsLong, idempotency, ends, handler } = route;
    const steps: Step[] = [measureRequest(options.metrics, route), auditRequest(trail, clientAddress, route)];
    const readsBody = body === undefined ? [] : [guardedBy(readBody(body))];
    if (access === 'public') return composeSteps([...steps, ...readsBody], handler);

    const mayAct: readonly Guard[] = access === 'authenticated' ? [] : [authorize(access)];
    const decideAgain: Guard = async (context) => {
      for (const decide of [again, ...mayAct]) await decide(context);
    };
    const once = { requests: options.keyedRequests, trail, decideAgain };
    return composeSteps(
      [
        ...steps,
        guardedBy(checkPlace),
        guardedBy(authenticationOf(route)),
        guardedBy(requireAudienceOf(route)),
        guardedBy(admissionOf(route)),
        ...mayAct.map(guardedBy),
        ...(ends !== undefined || access === 'settings:write' ? [guardedBy(makeRoom)] : []),
        ...(runsLong ? [watchToken] : []),
        ...(body === undefined ? [] : [...readsBody, guardedBy(decideAgain)]),
        ...(idempotency === undefined || idempotency === 'none' ? [] : [answerOnce(once, { ...route, idempotency })]),
      ],
      handler,
    );
  };
}
