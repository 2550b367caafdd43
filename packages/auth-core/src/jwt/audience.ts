/** For how many servers one token may be. */
export const MAXIMUM_AUDIENCES = 10;

/** A name or a URL, without blanks (RFC 7519 section 2, StringOrURI). */
const AUDIENCE = /^[\x21-\x7e]{1,200}$/;

/** Whether a text can name a server: 1 to 200 visible ASCII characters. */
export function isAudience(text: string): boolean {
  return AUDIENCE.test(text);
}

/** Whether a list names at least one server, and not too many. */
export function isAudienceList(list: readonly string[]): boolean {
  return list.length >= 1 && list.length <= MAXIMUM_AUDIENCES && list.every(isAudience);
}

/**
 * Refuses names that cannot name a server. Above all absent ones: JWT libraries take those for "do not check".
 *
 * @throws {TypeError}
 */
export function requireNames({
  issuer,
  audience,
}: {
  readonly issuer: string;
  readonly audience: readonly string[];
}): void {
  if (audience.length === 0) throw new TypeError('audience must name this server');
  for (const [option, value] of [['issuer', issuer], ...audience.map((name) => ['audience', name])] as const) {
    if (typeof value !== 'string' || !isAudience(value)) {
      throw new TypeError(`${option} must be 1 to 200 visible ASCII characters`);
    }
  }
}
