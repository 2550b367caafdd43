/** The channel on which PostgreSQL sends the ids of changed tokens. */
export const TOKEN_CHANNEL = 'latchkey_tokens';
