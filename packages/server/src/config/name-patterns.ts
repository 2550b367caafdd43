const HOST_PATTERN = /^(?:\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)$/;
/** `scheme://host`, `scheme://*.host`, and then nothing, a port, or `:*`. */
const ORIGIN_PATTERN = /^([a-z][a-z0-9+.-]*):\/\/((?:\*\.)?[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}|\*))?$/;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: '80', https: '443' };

/** Says whether a name or an origin is meant. */
export type NamePattern = (name: string) => boolean;

/** `llm.example.com`, `*.example.com` for all below it, or `*`; undefined for what could never match a Host header's name. */
export function hostPattern(pattern: string): NamePattern | undefined {
  const lower = pattern.toLowerCase();
  if (!HOST_PATTERN.test(lower)) return undefined;
  if (lower === '*') return () => true;
  if (!lower.startsWith('*.')) return (name) => name.toLowerCase() === lower;
  return (name) => name.length > lower.length - 1 && name.toLowerCase().endsWith(lower.slice(1));
}

/**
 * An origin as browsers send it, `http://localhost:*` for all its ports, `https://*.example.com` for all below it, or `*`;
 * undefined for what could never match an Origin header.
 */
export function originPattern(pattern: string): NamePattern | undefined {
  const lower = pattern.toLowerCase();
  if (lower === '*') return () => true;
  if (lower === 'null') return (origin) => origin === 'null';
  const [, scheme, host = '', port] = ORIGIN_PATTERN.exec(lower) ?? [];
  if (scheme === undefined) return undefined;
  const isHost = host.startsWith('*.') ? hostPattern(host) : (name: string) => name === host;
  if (isHost === undefined) return undefined;
  // Browsers leave a scheme's own port out.
  const asked = port === DEFAULT_PORTS[scheme] ? undefined : port;
  return (origin) => {
    const [, itsScheme, itsHost = '', itsPort] = ORIGIN_PATTERN.exec(origin.slice(0, 512)) ?? [];
    return itsScheme === scheme && isHost(itsHost) && (asked === '*' || itsPort === asked);
  };
}
