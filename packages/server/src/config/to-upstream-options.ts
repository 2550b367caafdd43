import { OperatorError } from '../contracts/operator-error.ts';
import type { UpstreamConfig } from './upstreams.ts';

/**
 * Converts an entry of `upstreams` to the options of its engine, with its key from the environment.
 *
 * @throws {OperatorError} `missing_secret` when the variable is not set
 */
export function toUpstreamOptions(
  name: string,
  { urls, apiKeyVariable, firstByteSeconds, silenceSeconds, ...rest }: UpstreamConfig,
  environment: Readonly<Record<string, string | undefined>>,
) {
  const apiKey = apiKeyVariable === undefined ? undefined : environment[apiKeyVariable];
  if (apiKeyVariable !== undefined && !apiKey) {
    throw new OperatorError(
      'missing_secret',
      `upstreams.${name}.apiKeyVariable: the environment has no ${apiKeyVariable}. Set it, or leave the setting out.`,
    );
  }
  return {
    ...rest,
    name,
    urls: urls.map((url) => url.replace(/\/$/, '')),
    apiKey,
    firstByteMilliseconds: firstByteSeconds * 1000,
    silenceMilliseconds: silenceSeconds * 1000,
  };
}
