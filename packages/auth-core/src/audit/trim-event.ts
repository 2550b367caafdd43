import { canonicalJson } from '../schema/canonical-json.ts';
import type { Json } from '../schema/json-schema.ts';
import type { AuditActor, AuditEvent } from './audit-event.ts';

const NAME_CHARACTERS = 200;
const SUBJECT_CHARACTERS = 512;
const DETAILS_BYTES = 4096;
/** What a value in details that are too long may keep. */
const VALUE_BYTES = 256;
/** In JSON within JSON no UTF-16 unit takes more than 3 bytes. */
const CUT_CHARACTERS = 1300;
/** What no database takes in a text (PostgreSQL refuses it, others end there). */
const NUL = '\u0000';

/** The event as it is kept: a copy whose texts are not too long. What was cut ends in `…`. */
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

/** Half a surrogate pair does not survive a database, and its entry would seem changed. */
function trimText(text: string, characters: number): string {
  return cut(text, characters).replaceAll(NUL, '\ufffd').toWellFormed();
}

function cut(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}…`;
}

function trimDetails(details: Readonly<Record<string, Json>>): Readonly<Record<string, Json>> {
  const text = writeDetails(details);
  if (text === undefined) return { cut: 'nested too deeply' };
  if (countBytes(text) <= DETAILS_BYTES) return JSON.parse(text);
  const shortened = canonicalJson(
    Object.fromEntries(Object.entries(details).map(([key, value]) => [key, shortenValue(value)])),
  );
  if (countBytes(shortened) <= DETAILS_BYTES) return JSON.parse(shortened);
  return { cut: cut(text, CUT_CHARACTERS) };
}

function writeDetails(details: Readonly<Record<string, Json>>): string | undefined {
  try {
    return canonicalJson(details);
  } catch {
    return undefined;
  }
}

function shortenValue(value: Json): Json {
  const text = typeof value === 'string' ? value : canonicalJson(value);
  return countBytes(text) <= VALUE_BYTES ? value : cut(text, NAME_CHARACTERS);
}

function countBytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
