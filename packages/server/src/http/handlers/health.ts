import type { ServerProof } from '../../state/server-identity.ts';
import type { Handler } from '../route.ts';

/** Signs a question that was asked at an address; undefined when the address is another's. */
export type ProveServer = (
  nonce: string,
  host: string,
  socket: { readonly localAddress?: string | undefined; readonly localPort?: number | undefined },
) => ServerProof | undefined;

const NONCE = /^[\w-]{32,128}$/;

/**
 * `GET /health`: that the server answers, and nothing about it, since anybody may ask. With `nonce` and `host` it proves which
 * server it is.
 */
export const createHealthHandler =
  (prove: ProveServer): Handler =>
  async (ctx) => {
    const { nonce, host } = ctx.query;
    const proof =
      typeof nonce === 'string' && typeof host === 'string' && NONCE.test(nonce)
        ? prove(nonce, host, ctx.req.socket)
        : undefined;
    ctx.body = { status: 'ok', ...(proof === undefined ? {} : { proof }) };
  };
