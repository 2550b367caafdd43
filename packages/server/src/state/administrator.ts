import { type Auth, FULL_GRANT } from '@latchkey/auth-core';
import { type DataFolder, writePrivate } from './data-folder.ts';

/**
 * On a store that never had an administrator's token, makes one and writes it into the data folder (mode 0600), where
 * the operator's commands find it. It is shown nowhere else. One that was revoked does not come back.
 */
export async function ensureAdministrator(auth: Auth, folder: DataFolder): Promise<void> {
  const operator = auth.operator();
  if ((await auth.list(operator)).some(({ grant }) => grant.actions.includes('*'))) return;
  const { token } = await auth.issue({ name: 'administrator', grant: FULL_GRANT }, operator);
  writePrivate(folder.adminToken, `${token}\n`);
}
