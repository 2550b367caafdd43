/** Whether a text can be a token: fetch would quote one that can be no header in its error. */
export const isToken = (text: string): boolean => /^[\x21-\x7e]+$/.test(text);
