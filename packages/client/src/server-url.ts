import { ConfigurationError } from './errors.ts';

/**
 * Reads the URL of a server: `http` or `https`, optionally with the path prefix of a reverse proxy, without a slash at
 * its end.
 *
 * @param from where the URL comes from, for the error; the text itself is never quoted, since people paste tokens there
 * @throws {ConfigurationError} `invalid_url`
 */
export function readServerUrl(text: string, from: string): string {
  const fail = (problem: string): never => {
    throw new ConfigurationError('invalid_url', `${from} ${problem}`);
  };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    return fail('is not the URL of a server. Write it like http://127.0.0.1:1234.');
  }
  if (url.username !== '' || url.password !== '') {
    fail('has a user name or a password in it. Give the token apart from the URL.');
  }
  if (/[?#]/.test(text)) fail('has a query or a fragment, behind ? or #. Leave it out.');
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

/** Whether a URL is that of a server or is below it. */
export function liesBelow(url: string, server: string): boolean {
  return url === server || url.startsWith(`${server}/`);
}

/**
 * Joins the URL of a server and a path, which must begin with `/` and stay below the server's own path.
 *
 * @throws {TypeError} for any other path
 */
export function urlBelow(server: string, path: string): string {
  if (!path.startsWith('/')) throw new TypeError('The path must begin with /, like /api/v1/models');
  const { href } = new URL(server + path);
  if (!liesBelow(href, server)) throw new TypeError('The path must stay below that of the server');
  return href;
}
