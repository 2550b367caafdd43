import { GLOB_DEFINITION, GLOBS } from '../authority/grant-schema.ts';
import { printName } from '../authority/print-name.ts';
import type { ResourceKind } from '../authority/resource-kind.ts';
import { anyHostMatches, hostsCover, readHost } from '../matching/host-glob.ts';

/**
 * A resource kind for other servers: a rule is a list of globs over host names, in lower case, with a port unless it is
 * that of http or https; a request names a host, `api.example.com` or `api.example.com:8443`.
 *
 * @example
 * ```ts
 * import { defineVocabulary, hosts } from '@latchkey/auth-core';
 *
 * const vocabulary = defineVocabulary({ actions: ['webhooks:send'], resources: { webhooks: hosts() } });
 * const grant = vocabulary.parseGrant({ actions: ['webhooks:send'], webhooks: ['*.example.com'] });
 * const authority = [{ grant, source: 'token ci' }];
 * const request = { action: 'webhooks:send', webhooks: 'hooks.example.com' } as const;
 * console.log(vocabulary.decide(authority, request, { now: new Date() }).allowed); // true
 * ```
 */
export function hosts(): ResourceKind<readonly string[], string> {
  const describe = (host: string) => `host ${host}`;
  return Object.freeze<ResourceKind<readonly string[], string>>({
    schema: GLOBS,
    definitions: GLOB_DEFINITION,
    everything: Object.freeze(['*']),
    check: (globs, { hosts: check }) => check(globs, []),
    describe,
    decide: (globs, host, { steps }) =>
      anyHostMatches(globs, readHost(host), steps)
        ? { allowed: true }
        : { allowed: false, reason: `${printName(describe(host))} is not granted` },
    covers: (parent = [], child, steps) => hostsCover(parent, child, steps),
  });
}
