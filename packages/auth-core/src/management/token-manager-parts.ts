import type { AuditSink } from '../audit/audit-event.ts';
import type { AuthorityEntry } from '../authority/authority.ts';
import type { Vocabulary } from '../authority/vocabulary.ts';
import type { Clock } from '../clock.ts';
import type { PatternEngine } from '../matching/pattern-engine.ts';
import type { AuthSettings } from '../settings.ts';
import type { Digest } from '../token/digest.ts';
import type { Sealer } from '../token/sealer.ts';
import type { TokenFormat } from '../token/token-format.ts';
import type { TokenStore } from '../token/token-store.ts';
import type { Revocations } from '../verification/revocations.ts';
import type { WarmCache } from '../verification/warm-cache.ts';

/** The dependencies of the token manager. */
export interface TokenManagerParts {
  readonly vocabulary: Vocabulary;
  readonly store: TokenStore;
  readonly formats: readonly TokenFormat[];
  readonly settings: () => AuthSettings;
  readonly digest: Digest;
  readonly sealer: Sealer;
  readonly policy: AuthorityEntry;
  readonly clock: Clock;
  readonly patterns: PatternEngine | undefined;
  readonly audit: AuditSink | undefined;
  readonly revocations: Revocations;
  /** Whether an id was revoked in this process, even if the store does not have the revocation yet. */
  readonly isEnded: (id: string) => boolean;
  /** What was verified within the last minute, for revoking tokens while the store does not answer. */
  readonly recalled: Pick<WarmCache, 'recallChain'>;
  /** Called at once when a token was changed or revoked. */
  readonly onChange: (id: string, change: 'edited' | 'revoked') => void;
}
