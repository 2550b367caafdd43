import { join } from 'node:path';
import type { ServerConfig } from '../config/schema.ts';
import { OperatorError } from '../contracts/operator-error.ts';
import type { Logger } from '../telemetry/logger.ts';
import { createAllowedFetch } from './allowed-fetch.ts';
import { Downloads } from './downloads.ts';
import { openJobFiles } from './job-files.ts';

interface Surroundings {
  /** The data folder. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  readonly clock: () => Date;
}

/**
 * Opens the downloads of a server, and continues those that its last stop has interrupted.
 *
 * @throws {OperatorError} `missing_secret` when the variable of the token is not set
 */
export function openDownloads(
  { models, downloads }: Pick<ServerConfig, 'models' | 'downloads'>,
  { folder, environment, logger, clock }: Surroundings,
): Downloads {
  const { tokenVariable, baseUrl, hosts, allowPrivateHosts } = downloads;
  const token = tokenVariable === undefined ? undefined : environment[tokenVariable];
  if (tokenVariable !== undefined && !token) {
    throw new OperatorError(
      'missing_secret',
      `downloads.tokenVariable: the environment has no ${tokenVariable}. Set it, or leave the setting out.`,
    );
  }
  return new Downloads({
    models,
    jobs: openJobFiles(join(folder, 'downloads')),
    baseUrl,
    open: createAllowedFetch({ baseUrl, token, hosts, allowPrivateHosts }),
    logger: logger.child({ part: 'downloads' }),
    clock,
  });
}
