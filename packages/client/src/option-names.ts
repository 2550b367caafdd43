import { ConfigurationError } from './errors.ts';

/** Names that other libraries use for these options. */
const MEANT: Readonly<Record<string, string>> = {
  apitoken: 'token',
  apikey: 'token',
  apiendpoint: 'url',
  endpoint: 'url',
  baseurl: 'url',
  projectid: 'project',
  maxretries: 'retries',
};

/**
 * Rejects an unknown option, which would otherwise be ignored silently, even if it is a token.
 *
 * @throws {ConfigurationError} `invalid_option` with its name
 */
export function checkOptionNames(options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const meant = MEANT[name.toLowerCase().replace(/[^a-z]/g, '')];
    const hint = meant !== undefined && known.includes(meant) ? ` It is called ${meant} here.` : '';
    const shown = /^[A-Za-z_]{1,40}$/.test(name) ? ` ${name}` : '';
    throw new ConfigurationError(
      'invalid_option',
      `There is no option${shown}.${hint || ` There are: ${known.join(', ')}.`}`,
    );
  }
}
