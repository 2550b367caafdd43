import { defineVocabulary } from '../authority/define-vocabulary.ts';
import { budget, ceiling, share } from '../authority/limit.ts';
import type { Vocabulary } from '../authority/vocabulary.ts';
import { names } from '../resources/names.ts';
import { tools } from '../resources/tools.ts';
import { ephemeralServers } from './ephemeral-servers.ts';

/**
 * The vocabulary of a server of language models: the words of Latchkey's own grants.
 *
 * `chat` is every route that generates text. A request about the caller's own token needs no action.
 *
 * @example
 * ```ts
 * import { createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
 * import { llm } from '@latchkey/auth-core/llm';
 *
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const auth = createAuth({ vocabulary: llm, store: createMemoryTokenStore(), digestKey });
 * const grant = { actions: ['chat'], models: ['ibm/*'] } as const;
 * const { token } = await auth.issue({ name: 'ci-bot', grant }, auth.operator());
 *
 * const principal = await auth.verify(token);
 * console.log(auth.decide(principal, { action: 'chat', models: 'ibm/granite-4' }).allowed); // true
 * ```
 */
export const llm = defineVocabulary({
  actions: [
    'chat',
    'embeddings',
    'models:read',
    'models:load',
    'models:download',
    'mcp:read',
    'mcp:write',
    'approvals:decide',
    'metrics:read',
  ],
  resources: {
    /** Globs over the keys of models: `ibm/*`. */
    models: names('model'),
    /** Tools of the MCP servers that the operator runs. */
    mcp: tools(),
    /** Request-scoped MCP servers. */
    ephemeralMcp: ephemeralServers,
  },
  limits: {
    tokensPerDay: budget('day', 'tokens'),
    tokensPerMonth: budget('month', 'tokens'),
    /** In billionths of the currency of the server's prices. */
    moneyPerDay: budget('day', 'money'),
    moneyPerMonth: budget('month', 'money'),
    /** The most tokens that one answer may have. */
    maxOutputTokens: ceiling(),
    toolCallsPerRequest: ceiling(),
    /** With more tools than this, a model finds them by a search in place of reading all their definitions. */
    toolSearchAbove: ceiling(),
    /** The share in the queue. */
    weight: share(),
  },
  names: {
    /** The only form of key that LM Studio's SDKs accept. */
    keyPrefix: 'sk-lm-',
    attenuatedPrefix: 'lka_',
    placePrefix: 'lkp_',
    realm: 'latchkey',
    projectHeader: 'Latchkey-Project',
    claim: 'latchkey',
    grantType: 'latchkey_grant',
    keyTokenType: 'urn:latchkey:params:oauth:token-type:api-key',
  },
});

/** The words of {@link llm}, as a type. */
export type LlmWords = typeof llm extends Vocabulary<infer W> ? W : never;
