import { z } from 'zod';

const id = z.int().min(0);
const endpoint = z.string().regex(/^[A-Za-z0-9]{1,64}$/, 'expected the name of an endpoint');

/** The first message on a connection. */
export const authenticationSchema = z.looseObject({
  authVersion: z.literal(1),
  clientIdentifier: z.string().max(256),
  clientPasskey: z.string().max(256),
});

/** What a program sends after that; see `Transport.ts` of LM Studio's SDK. */
export const messageSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('keepAlive') }),
  z.looseObject({ type: z.literal('communicationWarning') }),
  z.looseObject({ type: z.literal('rpcCall'), endpoint, callId: id, parameter: z.unknown().optional() }),
  z.looseObject({
    type: z.literal('channelCreate'),
    endpoint,
    channelId: id,
    creationParameter: z.unknown().optional(),
  }),
  z.looseObject({
    type: z.literal('channelSend'),
    channelId: id,
    ackId: id.optional(),
    message: z.looseObject({ type: z.string().max(64) }).optional(),
  }),
  z.looseObject({ type: z.literal('channelAck'), channelId: id }),
  z.looseObject({ type: z.literal('signalSubscribe'), subscribeId: id }),
  z.looseObject({ type: z.literal('signalUnsubscribe'), subscribeId: id }),
  z.looseObject({ type: z.literal('writableSignalSubscribe'), subscribeId: id }),
  z.looseObject({ type: z.literal('writableSignalUnsubscribe'), subscribeId: id }),
  z.looseObject({ type: z.literal('writableSignalUpdate'), subscribeId: id }),
]);

export type SdkMessage = z.output<typeof messageSchema>;

const KEY = /^([A-Za-z0-9]{8}):([A-Za-z0-9]{20})$/;

/** The API key of a program: it sends the parts of `sk-lm-…:…`. Undefined for a guest, which has none. */
export function keyOf({ clientIdentifier, clientPasskey }: z.output<typeof authenticationSchema>): string | undefined {
  const pair = `${clientIdentifier}:${clientPasskey}`;
  // Whatever a program calls itself without a key, it has none.
  return KEY.test(pair) ? `sk-lm-${pair}` : undefined;
}
