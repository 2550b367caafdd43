import { join } from 'node:path';
import type { KeyUse } from '@latchkey/auth-core';
import { createClient } from '@latchkey/client';
import type { DroppedSecrets } from '../state/change-secret.ts';
import { type RunningServer, readSecrets } from '../state/data-folder.ts';
import type { OperatorDesk, RecoveredToken, TrimmedLog } from '../state/operator-desk.ts';
import { type OperatorRequest, sealOperatorRequest } from '../state/operator-request.ts';
import { isSnapshot, removeSnapshot } from '../state/snapshot.ts';
import { createApiClient } from './api-client.ts';
import { CommandError } from './command-error.ts';
import { expectServer } from './connection.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The desk of a running server. The server proves that it is the one on the folder, and the requests are signed with the
 * secret of the folder, so that no token is needed.
 */
export function operatorDeskOf(server: RunningServer, data: string, environment: Environment): OperatorDesk {
  const [secret] = readSecrets(data, environment);
  const { url } = server;
  const api = createApiClient(createClient({ url, fetch: expectServer(server), profile: null, environment: {} }));
  const ask = async <T>(request: OperatorRequest): Promise<T> => {
    const sealed = sealOperatorRequest(secret, server.run, request);
    try {
      return (await (await api.request('POST', '/api/v1/operator', sealed)).json()) as T;
    } catch (error) {
      if (error instanceof CommandError && error.ending === 'denied') throw otherSecret(url, error);
      throw error;
    }
  };
  return {
    recover: () => ask<RecoveredToken>({ act: 'recover' }),
    snapshot: async () => (await ask<{ file: string }>({ act: 'snapshot' })).file,
    secrets: async () => (await ask<{ secrets: readonly KeyUse[] }>({ act: 'secrets' })).secrets,
    trim: (limits) => ask<TrimmedLog>({ act: 'trim', ...limits }),
    drop: (force) => ask<DroppedSecrets>({ act: 'drop', force }),
  };
}

/** Has the server copy its database, and returns the path of the copy, which `owner` removes. */
export async function takeSnapshotOf(
  server: RunningServer,
  data: string,
  environment: Environment,
  owner: Pick<AsyncDisposableStack, 'defer'>,
): Promise<string> {
  const name = await operatorDeskOf(server, data, environment).snapshot();
  if (!isSnapshot(name)) throw new CommandError(`The server at ${server.url} named no snapshot.`, { ending: 'failed' });
  owner.defer(() => removeSnapshot(data, name));
  return join(data, name);
}

const otherSecret = (url: string, cause: CommandError): CommandError =>
  new CommandError(
    `The server at ${url} was started with another secret than this command has: give it the same LATCHKEY_SECRET, or ` +
      'start the server again.',
    { ending: 'denied', cause },
  );
