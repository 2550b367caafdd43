/** Says what time it is. A parameter wherever time decides something, so that tests never wait. */
export type Clock = () => Date;

/** The machine's own clock. */
export const systemClock: Clock = () => new Date();
