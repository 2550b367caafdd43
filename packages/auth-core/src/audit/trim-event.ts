import { canonicalJson } from '../schema/canonical-json.ts';
import type { Json } from '../schema/json-schema.ts';
import type { AuditActor, AuditEvent } from './audit-event.ts';

const NAME_CHARACTERS = 200;
const SUBJECT_CHARACTERS = 512;
const DETAILS_BYTES = 4096;
/** Room for the brackets and for the mark of what was cut. */
const MARK_BYTES = 30;
/** The least room that is reserved for a field that is kept. */
const LEAST_FIELD_BYTES = 48;
const FIELD_NAME_CHARACTERS = 40;
/** A database cannot store this character in a text: PostgreSQL refuses it, others end the text there. */
const NUL = '\u0000';

/** The event as it is stored: a copy with shortened texts. A cut text ends in `…`. */
export function trimEvent({ type, actor, project, subject, details }: AuditEvent): AuditEvent {
  return {
    type: trimText(type, NAME_CHARACTERS),
    actor: trimActor(actor),
    ...(project !== undefined && { project: trimText(project, NAME_CHARACTERS) }),
    ...(subject !== undefined && { subject: trimText(subject, SUBJECT_CHARACTERS) }),
    ...(details !== undefined && { details: trimDetails(details) }),
  };
}

function trimActor({ id, name, owner, rootId, address }: AuditActor): AuditActor {
  return {
    ...(id !== undefined && { id: trimText(id, NAME_CHARACTERS) }),
    ...(name !== undefined && { name: trimText(name, NAME_CHARACTERS) }),
    ...(owner !== undefined && { owner: trimText(owner, NAME_CHARACTERS) }),
    ...(rootId !== undefined && { rootId: trimText(rootId, NAME_CHARACTERS) }),
    ...(address !== undefined && { address: trimText(address, NAME_CHARACTERS) }),
  };
}

/** Replaces lone surrogates: a database does not keep them, and the entry would then seem changed. */
function trimText(text: string, characters: number): string {
  return cut(text, characters).replaceAll(NUL, '\ufffd').toWellFormed();
}

function cut(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}…`;
}

function trimDetails(details: Readonly<Record<string, Json>>): Readonly<Record<string, Json>> {
  let text: string;
  try {
    text = canonicalJson(details);
  } catch {
    return { cut: 'nested too deeply' };
  }
  const copy: Record<string, Json> = JSON.parse(text);
  return countBytes(text) <= DETAILS_BYTES ? copy : shortenObject(copy, DETAILS_BYTES);
}

/** The value in at most `bytes` bytes of JSON, or a short mark in its place. */
function shorten(value: Json, bytes: number): Json {
  if (sizeOf(value) <= bytes) return value;
  if (typeof value === 'string') return shortenText(value, bytes);
  if (Array.isArray(value)) return shortenList(value, bytes);
  return typeof value === 'object' && value !== null
    ? shortenObject(value as Readonly<Record<string, Json>>, bytes)
    : '…';
}

function shortenText(text: string, bytes: number): string {
  let shown = cut(text, Math.max(1, Math.min(NAME_CHARACTERS, bytes)));
  while (shown.length > 1 && sizeOf(shown) > bytes) shown = cut(shown, Math.ceil(shown.length / 2));
  return shown.toWellFormed();
}

/** As many items as fit, from the first on. */
function shortenList(items: readonly Json[], bytes: number): Json {
  const shown: Json[] = [];
  let left = bytes - MARK_BYTES;
  for (const item of items) {
    const kept = shorten(item, Math.max(0, left - 1));
    const size = sizeOf(kept) + 1;
    if (size > left) break;
    shown.push(kept);
    left -= size;
  }
  return shown.length === items.length ? shown : [...shown, `… ${items.length - shown.length} more`];
}

/** Small fields stay as they are; the larger ones share the remaining room. */
function shortenObject(value: Readonly<Record<string, Json>>, bytes: number): Record<string, Json> {
  const most = Math.max(1, Math.floor((bytes - MARK_BYTES) / LEAST_FIELD_BYTES));
  const all = Object.entries(value);
  const fields = all.slice(0, most).map(([name, item]) => [cut(name, FIELD_NAME_CHARACTERS), item] as const);
  const shown = new Map<string, Json>();
  let left = bytes - MARK_BYTES - fields.reduce((sum, [name]) => sum + sizeOf(name) + 2, 0);
  const bySize = fields.toSorted(([, one], [, other]) => sizeOf(one) - sizeOf(other));
  for (const [index, [name, item]] of bySize.entries()) {
    const kept = shorten(item, Math.floor(left / (bySize.length - index)));
    shown.set(name, kept);
    left -= sizeOf(kept);
  }
  const kept = Object.fromEntries(fields.map(([name]) => [name, shown.get(name) ?? '…']));
  return all.length > most ? { ...kept, '…': `${all.length - most} more` } : kept;
}

function sizeOf(value: Json): number {
  return countBytes(JSON.stringify(value));
}

function countBytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
