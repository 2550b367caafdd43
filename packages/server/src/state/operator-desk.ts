import type { AuditLog, AuditTrimOptions, KeyUse } from '@latchkey/auth-core';
import type { Auth } from '@latchkey/auth-core/llm';
import { ServerError } from '../contracts/server-error.ts';
import { recoverAdministrator } from './administrator.ts';
import { countSecretUses, type DroppedSecrets, dropFormerSecrets } from './change-secret.ts';
import type { DataFolder } from './data-folder.ts';
import type { Database } from './database.ts';
import { refuseOtherSecret } from './same-secret.ts';
import { removeSnapshots, takeSnapshot } from './snapshot.ts';

/** What commands on the machine of a data folder do there, with its database open. */
export interface OperatorDesk {
  /** Gives the administrator's token a new secret, and writes it into the folder. */
  recover(): Promise<RecoveredToken>;
  /** Copies the database into the folder, and returns the name of the file. */
  snapshot(): Promise<string>;
  secrets(): Promise<readonly KeyUse[]>;
  /** Ends the use of the former secrets. */
  drop(force: boolean): Promise<DroppedSecrets>;
  /** Removes the oldest entries of the audit log. */
  trim(limits: TrimLimits): Promise<TrimmedLog>;
}

export type TrimLimits = Pick<AuditTrimOptions, 'before' | 'keep'>;

export interface TrimmedLog {
  /** The number of entries that were removed. */
  readonly removed: number;
  /** The number of the last entry that is no longer there. */
  readonly trimmed: number;
}

export interface RecoveredToken {
  readonly id: string;
  readonly name: string;
}

export interface OperatorDeskOptions {
  readonly auth: () => Auth | Promise<Auth>;
  readonly log: () => Pick<AuditLog, 'trim'>;
  readonly folder: DataFolder;
  readonly database: Database;
  /** Whether `LATCHKEY_SECRET` takes the place of secret.key. */
  readonly hasGivenSecret: boolean;
}

/** For the one process that has the folder: a server, or a command that holds its lock. */
export function createOperatorDesk({ auth, log, folder, database, hasGivenSecret }: OperatorDeskOptions): OperatorDesk {
  const { secrets } = folder;
  let hasFormer = secrets.length > 1;
  return {
    recover: async () => {
      const { id, name } = await recoverAdministrator(await auth(), folder, database.administrator);
      return { id, name };
    },
    snapshot: async () => {
      if (!database.isFile) throw new ServerError('CONFLICT', 'The database is no file of the data folder.');
      // There is one at a time: an earlier one was left by a command that ended early.
      removeSnapshots(folder.path);
      return takeSnapshot(folder.path, folder.database);
    },
    secrets: async () => {
      await refuseOtherSecret(database.secret, secrets);
      return countSecretUses(database, secrets);
    },
    drop: async (force) => {
      if (!hasFormer) throw new ServerError('INVALID_REQUEST', 'There is no former secret.');
      const place = hasGivenSecret ? undefined : folder.path;
      const dropped = await dropFormerSecrets({ folder: place, database, secrets }, force);
      hasFormer = false;
      return dropped;
    },
    trim: async (limits) => {
      await refuseOtherSecret(database.secret, secrets);
      const removed = await log().trim({ ...limits, actor: { id: 'local:operator', name: 'operator' } });
      return { removed, trimmed: (await database.audit.head())?.start?.seq ?? 0 };
    },
  };
}
