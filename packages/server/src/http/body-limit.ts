/** As much as is read from callers before anybody knows who they are: a token, and a grant to go with it. */
export const STRANGERS_BODY_BYTES = 65_536;
