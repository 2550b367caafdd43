import type { Auth } from '@latchkey/auth-core/llm';
import { z } from 'zod';
import { withoutAbsent } from '../../config/without-absent.ts';
import { list } from '../../input/bounded.ts';
import { EARLIER_HASHES, type EarlierKeys } from '../../state/earlier-keys.ts';
import { importKeys } from '../../state/import-keys.ts';
import { dateTime } from '../../wire/date-time-field.ts';
import { duration } from '../../wire/duration-field.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { json } from '../reply.ts';
import type { Handler } from '../step.ts';
import { grant, label, notes } from './token-fields.ts';

/** The most keys in one request. */
export const KEYS_AT_ONCE = 50;

/** auth-core reads the hash, and says what is wrong with each. */
const schema = z.strictObject({
  hash: z.enum(EARLIER_HASHES).default('sha256'),
  dryRun: z.boolean().default(false),
  keys: list(
    z.strictObject({
      name: label,
      hash: z.string().max(1024),
      grant,
      owner: label.optional(),
      project: label.optional(),
      expiresAt: dateTime.optional(),
      notes: notes.optional(),
      rotateAfter: duration({ atLeast: 1 }).optional(),
    }),
    KEYS_AT_ONCE,
    1,
  ),
});

/** `POST /api/v1/tokens/import`: keys of an earlier system, of which only hashes are known. */
export function createImportTokensHandler(auth: Auth, earlier: EarlierKeys): Handler {
  return async (context) => {
    const { hash, dryRun, keys } = validateBody(schema, context.body);
    const asked = keys.map(({ rotateAfter, name, hash: stored, grant: wanted, ...key }) => ({
      name,
      hash: stored,
      grant: wanted,
      ...withoutAbsent({ ...key, rotateAfterSeconds: rotateAfter }),
    }));
    return json({
      dryRun,
      keys: await importKeys(auth, earlier, { keys: asked, hash, dryRun }, context.auth.principal),
    });
  };
}
