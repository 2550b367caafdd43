/** Where PostgreSQL tells the ids of tokens that were changed. */
export const TOKEN_CHANNEL = 'latchkey_tokens';
