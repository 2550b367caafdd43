import { dirname, join } from 'node:path';
import { credentialsFile, type Environment } from '@latchkey/client';

/**
 * The file with the keys that servers have proved, beside the profiles of this user.
 *
 * @throws {ConfigurationError} `no_home` when there is no home folder
 */
export const knownServersFile = (environment: Environment): string =>
  join(dirname(credentialsFile(environment)), 'known-servers.json');
