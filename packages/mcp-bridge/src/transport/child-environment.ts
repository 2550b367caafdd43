import type { Environment } from '../config/interpolate.ts';

/**
 * The variables that a child inherits. HOME is included because package runners and many servers keep caches and logins
 * there; without the variable, a process of the same user could read these files anyway. The others are settings of the
 * machine and no secrets: without its proxy, its certificates or its registry, nothing can be fetched here.
 */
export const inheritedVariables: readonly string[] = [
  ...['HOME', 'LANG', 'PATH', 'TERM'],
  ...['LANGUAGE', 'LOGNAME', 'SHELL', 'TMPDIR', 'TZ', 'USER'],
  ...[
    'ALL',
    'ADDRESS',
    'COLLATE',
    'CTYPE',
    'MEASUREMENT',
    'MESSAGES',
    'MONETARY',
    'NAME',
    'NUMERIC',
    'PAPER',
    'TELEPHONE',
    'TIME',
  ].map((name) => `LC_${name}`),
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'],
  'NODE_USE_ENV_PROXY',
  ...['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'],
  ...['npm_config_registry', 'NPM_CONFIG_REGISTRY', 'PIP_INDEX_URL', 'UV_INDEX_URL', 'UV_DEFAULT_INDEX'],
];

/** The variables that name a file with certificates; a sandbox shows these files. */
export const certificateFiles: readonly string[] = [
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
];

/**
 * Whether a variable holds a secret although its kind does not: a proxy or a registry with a user or a password in its
 * URL. No such URL has an `@` for anything else.
 */
const holdsCredentials = (name: string, value: string): boolean =>
  /proxy|registry|index/i.test(name) && value.includes('@');

/** The variables among these that are not handed on, because their value has credentials in it. */
export function withheldVariables(host: Environment): readonly string[] {
  return inheritedVariables.filter((name) => holdsCredentials(name, host[name] ?? ''));
}

/** Whether a variable is known to every child, so that its value is no secret from any. */
export function isHandedOn(name: string, value: string): boolean {
  // A value that starts like this is a function exported by bash (CVE-2014-6271).
  return inheritedVariables.includes(name) && !holdsCredentials(name, value) && !value.startsWith('()');
}

/** Returns a child's environment: the variables above and those of the mcp.json, never the host's own secrets. */
export function childEnvironment(host: Environment, configured: Readonly<Record<string, string>>): Environment {
  const environment: Record<string, string> = {};
  for (const name of inheritedVariables) {
    const value = host[name];
    if (value !== undefined && isHandedOn(name, value)) environment[name] = value;
  }
  return { ...environment, ...configured };
}
