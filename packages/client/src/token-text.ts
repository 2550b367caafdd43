/** Whether a text can be a token. fetch would quote a text that is not a valid header value in its error. */
export const isToken = (text: string): boolean => /^[\x21-\x7e]+$/.test(text);
