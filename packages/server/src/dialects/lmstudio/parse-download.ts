import { z } from 'zod';
import { validateBody } from '../../wire/validate-body.ts';

/** `POST /api/v1/models/download`; https://lmstudio.ai/docs/developer/rest. Unknown keys are refused, as in LM Studio. */
const downloadSchema = z.strictObject({
  model: z.string().min(3).max(2048),
  quantization: z.string().min(1).max(64).optional(),
});
const cancelSchema = z.strictObject({ job_id: z.string().min(1).max(64) });
const deleteSchema = z.strictObject({ model: z.string().min(1).max(256) });

/** Throws ServerError with the parameter's name, as the others do. */
export const parseDownload = (body: unknown) => validateBody(downloadSchema, body);

/** The id of a download. */
export const parseCancel = (body: unknown): string => validateBody(cancelSchema, body).job_id;

/** The name of a model. */
export const parseDelete = (body: unknown): string => validateBody(deleteSchema, body).model;
