import type { ServerProof } from '../../state/server-identity.ts';
import { json } from '../reply.ts';
import type { Connection } from '../request.ts';
import type { Handler } from '../step.ts';

/** Signs a challenge for the address it was sent to; undefined when the address belongs to another server. */
export type ProveServer = (nonce: string, host: string, connection: Connection) => ServerProof | undefined;

const NONCE = /^[\w-]{32,128}$/;

/**
 * `GET /health`: reports that the server answers, and nothing else about it, since the endpoint is public. With `nonce`
 * and `host` it also proves the identity of the server.
 */
export const createHealthHandler =
  (prove: ProveServer): Handler =>
  async ({ query: { nonce, host }, connection }) => {
    const proof =
      typeof nonce === 'string' && typeof host === 'string' && NONCE.test(nonce)
        ? prove(nonce, host, connection)
        : undefined;
    return json({ status: 'ok', ...(proof === undefined ? {} : { proof }) });
  };
