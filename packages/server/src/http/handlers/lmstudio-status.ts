import { json } from '../reply.ts';
import type { Handler } from '../step.ts';

/** The version of LM Studio whose API this is; nothing about this server, since these endpoints are public. */
const API_VERSION = '0.4.24';

export interface LmstudioStatusHandlers {
  /** `GET /lmstudio-greeting`, by which LM Studio's SDKs recognise a server. */
  readonly greet: Handler;
  /** `GET /lms-status`, by which its command does. */
  readonly status: Handler;
}

export const createLmstudioStatusHandlers = (): LmstudioStatusHandlers => ({
  greet: async () => json({ lmstudio: true }),
  status: async () => json({ package: 'latchkey', version: API_VERSION }),
});
