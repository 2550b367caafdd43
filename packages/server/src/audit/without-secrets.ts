import type { AuditEvent } from '@latchkey/auth-core';
import { hideSecrets } from '../telemetry/hide-secrets.ts';

/** The event without the secrets that somebody wrote where none belongs: into a model's name, into an argument. */
export function withoutSecrets(event: AuditEvent): AuditEvent {
  return blot(event) as AuditEvent;
}

function blot(value: unknown): unknown {
  if (typeof value === 'string') return hideSecrets(value);
  if (Array.isArray(value)) return value.map(blot);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [hideSecrets(name), blot(item)]));
}
