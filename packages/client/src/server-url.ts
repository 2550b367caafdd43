import { ConfigurationError } from './errors.ts';

/**
 * Reads the URL of a server: `http` or `https`, a path in front of a reverse proxy's prefix, no slash at its end.
 *
 * @param from what named it, for the error; the text itself is never quoted, since people paste tokens there
 * @throws {ConfigurationError} `invalid_url`
 */
export function readServerUrl(text: string, from: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new ConfigurationError('invalid_url', `${from} is no URL of a server. Write it like http://127.0.0.1:1234.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigurationError(
      'invalid_url',
      `${from} has a user name or a password in it. Give the token apart from the URL.`,
    );
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}
