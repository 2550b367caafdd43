import type { createHandlers } from './create-handlers.ts';
import { administration } from './http/bodies.ts';
import type { RouteRow } from './http/route.ts';

/** The endpoints that load, unload, download and delete models. */
export function modelRoutes({
  modelFiles,
  modelInstances,
}: Pick<ReturnType<typeof createHandlers>, 'modelFiles' | 'modelInstances'>): readonly RouteRow[] {
  return [
    {
      method: 'POST',
      path: '/api/v1/models/load',
      idempotency: 'kept',
      access: 'models:load',
      runsLong: true,
      body: administration,
      handler: modelInstances.load,
    },
    {
      method: 'POST',
      path: '/api/v1/models/unload',
      idempotency: 'kept',
      access: 'models:load',
      runsLong: true,
      body: administration,
      handler: modelInstances.unload,
    },
    {
      method: 'POST',
      path: '/api/v1/models/download',
      idempotency: 'kept',
      access: 'models:download',
      runsLong: true,
      body: administration,
      handler: modelFiles.download,
    },
    {
      method: 'GET',
      path: '/api/v1/models/download/status/:id',
      access: 'models:download',
      handler: modelFiles.status,
    },
    {
      method: 'POST',
      path: '/api/v1/models/download/cancel',
      idempotency: 'kept',
      access: 'models:download',
      body: administration,
      handler: modelFiles.cancel,
    },
    {
      method: 'POST',
      path: '/api/v1/models/delete',
      idempotency: 'kept',
      access: 'models:download',
      runsLong: true,
      body: administration,
      handler: modelFiles.remove,
    },
  ];
}
