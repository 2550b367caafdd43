import { type AuditEvent, recordAct } from '@latchkey/auth-core';
import type { AuditTrail } from '../../audit/audit-trail.ts';
import { toActor } from '../../audit/audited-request.ts';
import { type Decider, denied } from '../../chat/permit-model.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { parseCancel, parseDelete, parseDownload } from '../../dialects/lmstudio/parse-download.ts';
import { renderDownload, renderStarted } from '../../dialects/lmstudio/render-download.ts';
import type { DownloadState } from '../../downloads/download-job.ts';
import type { Downloads } from '../../downloads/downloads.ts';
import type { ModelCatalog } from '../../models/model-catalog.ts';
import type { ModelPool } from '../../models/model-pool.ts';
import { json } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import type { Handler } from '../step.ts';

export interface ModelFileHandlers {
  /** `POST /api/v1/models/download`. */
  readonly download: Handler;
  /** `GET /api/v1/models/download/status/:id`. */
  readonly status: Handler;
  /** `POST /api/v1/models/download/cancel`. */
  readonly cancel: Handler;
  /** `POST /api/v1/models/delete`. */
  readonly remove: Handler;
}

export interface ModelFileHandlersOptions {
  readonly downloads: Downloads;
  readonly catalog: ModelCatalog;
  readonly pool: ModelPool;
  readonly trail: Pick<AuditTrail, 'record'>;
  readonly clock: () => Date;
}

/** Downloads and deletes models; `models:download` is decided for the key of each. The audit log records each act. */
export function createModelFileHandlers(options: ModelFileHandlersOptions): ModelFileHandlers {
  const { downloads, catalog, pool, trail, clock } = options;

  const act = async (event: AuditEvent, make: () => Promise<unknown>): Promise<void> => {
    const made = async (): Promise<boolean> => {
      await make();
      return true;
    };
    await recordAct(trail.record, event, made, undefined);
  };

  /** A download that the caller may see; others get the answer for one that does not exist. */
  const require = ({ auth }: RequestContext, id: string): DownloadState => {
    const job = downloads.status(id);
    if (job !== undefined && auth.decide({ action: 'models:download', models: job.model }).allowed) return job;
    throw new ServerError('JOB_NOT_FOUND', 'There is no such download that the token may see.', { param: 'job_id' });
  };

  return {
    download: async ({ body, auth, signal }) => {
      const { model, quantization } = parseDownload(body);
      const { key, source } = downloads.read(model, quantization);
      permit(auth, key, 'download');
      const found = await downloads.find(source, signal);
      const event = { type: 'download.started', actor: toActor(auth.principal), subject: key };
      return json(renderStarted(await downloads.start(found, (start) => act(event, start))));
    },
    status: async (context) => json(renderDownload(require(context, context.params.id ?? ''), clock())),
    cancel: async (context) => {
      const { id, model } = require(context, parseCancel(context.body));
      const event = { type: 'download.cancelled', actor: toActor(context.auth.principal), subject: model };
      await act(event, () => downloads.cancel(id));
      return json(renderDownload(require(context, id), clock()));
    },
    remove: async ({ body, auth }) => {
      const key = catalog.resolve(parseDelete(body));
      permit(auth, key, 'delete');
      const model = await catalog.find(key);
      const event = { type: 'model.deleted', actor: toActor(auth.principal), subject: model.key };
      await act(event, async () => {
        const instances = pool.loaded().filter((instance) => instance.key === model.key);
        await Promise.all(instances.map(({ id }) => pool.release(id)));
        await catalog.remove(model);
      });
      return json({ model: model.key });
    },
  };
}

function permit({ decide }: Decider, key: string, deed: 'download' | 'delete'): void {
  const decision = decide({ action: 'models:download', models: key });
  if (!decision.allowed) throw denied(`${deed} model '${key}'`, decision, 'model').named(() => 'model');
}
