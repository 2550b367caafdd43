import { coverEach, globCovers, globMatches } from './glob.ts';
import type { Steps } from './steps.ts';
import { isDefaultPort, type UrlPlace } from './url-host.ts';

/** A host, or a glob over hosts, with its port: a number, any, or none for the default ports of http and https. */
interface HostGlob {
  readonly host: string;
  readonly port: number | 'any' | 'default';
}

/**
 * Reads `good.example`, `good.example:8443` and `*.example:*`; `*` alone is everything. An IPv6 address has brackets
 * when a port follows.
 */
function readHostGlob(text: string): HostGlob {
  if (text === '*') return { host: '*', port: 'any' };
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon);
  const isPart = host.includes(':') && !host.endsWith(']');
  const port = text.slice(colon + 1);
  if (colon < 0 || isPart || !(port === '*' || PORT.test(port))) return { host: text, port: 'default' };
  return { host, port: port === '*' ? 'any' : Number(port) };
}

const PORT = /^[1-9][0-9]{0,4}$/;

/** Whether one of the globs over hosts and ports matches the place. */
export function anyHostMatches(globs: readonly string[], place: UrlPlace, steps: Steps): boolean {
  return globs.some((text) => {
    const { host, port } = readHostGlob(text);
    const matches = port === 'any' || (port === 'default' ? isDefaultPort(place.port) : port === place.port);
    steps.spend(STEPS_A_HOST);
    return matches && globMatches(host, place.host, steps);
  });
}

const STEPS_A_HOST = 50;

/** Reads a host of a request, `api.example.com` or `api.example.com:8443`; the default port is that of https. */
export function readHost(text: string): UrlPlace {
  const { host, port } = readHostGlob(text);
  return { host, port: typeof port === 'number' ? port : HTTPS };
}

const HTTPS = 443;

/** Whether each of the inner globs over hosts is covered by one of the outer ones. */
export function hostsCover(outer: readonly string[], inner: readonly string[], steps: Steps): boolean {
  return coverEach(outer, inner, (candidate, glob) => hostCovers(candidate, glob, steps), steps);
}

function hostCovers(outer: string, inner: string, steps: Steps): boolean {
  steps.spend(2 * STEPS_A_HOST);
  const bound = readHostGlob(outer);
  const own = readHostGlob(inner);
  const coversPort =
    bound.port === 'any' ||
    bound.port === own.port ||
    (bound.port === 'default' && typeof own.port === 'number' && isDefaultPort(own.port));
  return coversPort && globCovers(bound.host, own.host, steps);
}
