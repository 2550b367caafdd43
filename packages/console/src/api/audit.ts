import { call } from './call.ts';

export interface AuditEntry {
  readonly seq: number;
  readonly at: string;
  readonly type: string;
  readonly actor: { readonly id?: string; readonly name?: string; readonly owner?: string; readonly address?: string };
  readonly project?: string;
  readonly subject?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  readonly next: number;
}

export interface AuditFilter {
  readonly type: string;
  readonly actor: string;
  /** RFC 3339. */
  readonly since: string;
}

const PAGE = 200;

export function listAudit(filter: AuditFilter, after: number): Promise<AuditPage> {
  const given = Object.entries(filter).filter(([, value]) => value !== '');
  return call(
    'GET',
    `/api/v1/audit?${new URLSearchParams([['after', String(after)], ['limit', String(PAGE)], ...given])}`,
  );
}
