import type { AuditSink } from '../audit/audit-event.ts';
import type { AuthorityEntry } from '../authority/decide.ts';
import type { Clock } from '../clock.ts';
import type { PatternEngine } from '../matching/pattern-engine.ts';
import type { AuthSettings } from '../settings.ts';
import type { TokenStore } from '../store/token-store.ts';
import type { Digest } from '../token/digest.ts';
import type { Sealer } from '../token/sealer.ts';
import type { TokenFormat } from '../token/token-format.ts';

/** What managing tokens works with. */
export interface TokenManagerParts {
  readonly store: TokenStore;
  readonly formats: readonly TokenFormat[];
  readonly settings: () => AuthSettings;
  readonly digest: Digest;
  readonly sealer: Sealer;
  readonly policy: AuthorityEntry;
  readonly clock: Clock;
  readonly patterns: PatternEngine | undefined;
  readonly audit: AuditSink | undefined;
  /** Told at once when a token was changed or revoked. */
  readonly onChange: (id: string, change: 'edited' | 'revoked') => void;
}
