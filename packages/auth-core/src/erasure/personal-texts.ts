import type { AuditActor, AuditEvent } from '../audit/audit-event.ts';
import type { Json } from '../schema/json-schema.ts';

/** Replaces a text about an owner. */
export type ReplaceText = (owner: string, text: string) => Promise<string>;

/** The fields of an event's details that hold texts about the owner of a token, alone or as `from` and `to`. */
const PERSONAL: ReadonlySet<string> = new Set(['name', 'owner']);

/**
 * The event with each text about a person replaced: name, owner and address of its actor, and name and owner in its
 * details, which are about `subjectOwner`, and its subject where that is an owner. Callers without an owner, such as
 * strangers, stay as they are.
 */
export async function replacePersonal(
  event: AuditEvent,
  subjectOwner: string | undefined,
  replace: ReplaceText,
): Promise<AuditEvent> {
  const { actor, details, subject } = event;
  const owner = subjectOwner ?? actor.owner;
  return {
    ...event,
    actor: await replaceActor(actor, replace),
    ...(subject?.startsWith(OWNER) && { subject: OWNER + (await replace(owner ?? '', subject.slice(OWNER.length))) }),
    ...(details !== undefined && {
      details: owner === undefined ? details : await replaceDetails(details, owner, replace),
    }),
  };
}

async function replaceActor(actor: AuditActor, replace: ReplaceText): Promise<AuditActor> {
  const { name, owner, address } = actor;
  if (owner === undefined) return actor;
  return {
    ...actor,
    owner: await replace(owner, owner),
    ...(name !== undefined && { name: await replace(owner, name) }),
    ...(address !== undefined && { address: await replace(owner, address) }),
  };
}

async function replaceDetails(
  details: Readonly<Record<string, Json>>,
  owner: string,
  replace: ReplaceText,
): Promise<Readonly<Record<string, Json>>> {
  const replaced: Record<string, Json> = {};
  for (const [field, value] of Object.entries(details)) {
    replaced[field] = PERSONAL.has(field) ? await replaceValue(value, owner, replace) : value;
  }
  return replaced;
}

/** A text, or the texts before and after a change. */
async function replaceValue(value: Json, owner: string, replace: ReplaceText): Promise<Json> {
  if (typeof value === 'string') return replace(owner, value);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const replaced: Record<string, Json> = {};
  for (const [field, inner] of Object.entries(value)) {
    replaced[field] = typeof inner === 'string' ? await replace(owner, inner) : (inner as Json);
  }
  return replaced;
}

/** How the subject of an act on all tokens of an owner begins. */
const OWNER = 'owner ';

/** Every text of an event that may be a pseudonym. */
export function personalTextsOf({ actor, details = {}, subject = '' }: AuditEvent): readonly string[] {
  const values = Object.entries(details).flatMap(([field, value]) => (PERSONAL.has(field) ? textsIn(value) : []));
  const owner = subject.startsWith(OWNER) ? subject.slice(OWNER.length) : undefined;
  return [actor.name, actor.owner, actor.address, owner, ...values].filter((text) => text !== undefined);
}

function textsIn(value: Json): readonly string[] {
  if (typeof value === 'string') return [value];
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).filter((inner) => typeof inner === 'string');
}
