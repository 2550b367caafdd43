import { z } from 'zod';
import { isLoopback } from '../../config/loopback.ts';
import { withoutAbsent } from '../../config/without-absent.ts';
import { ServerError } from '../../contracts/server-error.ts';
import type { OperatorDesk } from '../../state/operator-desk.ts';
import type { SealedRequest } from '../../state/operator-request.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { json } from '../reply.ts';
import type { Connection } from '../request.ts';
import type { Handler } from '../step.ts';

/** The work of commands on the data folder, and what opens their requests. */
export interface OperatorDoor {
  readonly desk: OperatorDesk;
  /** The request in a sealed one; undefined for one that was not sealed with the present secret, for this run. */
  readonly open: (sealed: SealedRequest) => unknown;
}

const bodySchema = z.strictObject({ text: z.string().max(4096), proof: z.string().max(128) });

const requestSchema = z.discriminatedUnion('act', [
  z.strictObject({ act: z.literal('recover') }),
  z.strictObject({ act: z.literal('snapshot') }),
  z.strictObject({ act: z.literal('secrets') }),
  z.strictObject({ act: z.literal('drop'), force: z.boolean() }),
  z.strictObject({ act: z.literal('trim'), before: z.string().max(64).optional(), keep: z.int().min(1).optional() }),
]);

/**
 * `POST /api/v1/operator`: what commands on this machine would otherwise do in the database beside the running server.
 * The credential is not a token but the secret in the data folder, which is never sent: the request is signed with it.
 */
export function createOperatorHandler(door: OperatorDoor | undefined): Handler {
  return async ({ body, connection }) => {
    const sealed = validateBody(bodySchema, body);
    if (door === undefined || !isFromHere(connection)) throw refused();
    const opened = door.open(sealed);
    if (opened === undefined) throw refused();
    const { desk } = door;
    const request = validateBody(requestSchema, opened);
    if (request.act === 'recover') return json(await desk.recover());
    if (request.act === 'snapshot') return json({ file: await desk.snapshot() });
    if (request.act === 'secrets') return json({ secrets: await desk.secrets() });
    if (request.act === 'drop') return json(await desk.drop(request.force));
    const { act: _, ...limits } = request;
    return json(await desk.trim(withoutAbsent(limits)));
  };
}

/** A second wall around the signature: no command asks from elsewhere. On a Unix socket there are no addresses. */
function isFromHere({ remoteAddress, localAddress }: Connection): boolean {
  if (remoteAddress === undefined) return false;
  if (localAddress === undefined || remoteAddress === localAddress) return true;
  return isLoopback(remoteAddress.replace(/^::ffff:/, ''));
}

const refused = (): ServerError =>
  new ServerError(
    'PERMISSION_DENIED',
    'This is only for commands that can read the present secret of the data folder.',
  );
