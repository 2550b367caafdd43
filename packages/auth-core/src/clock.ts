/** Returns the current time. A parameter wherever time matters, so that tests never wait. */
export type Clock = () => Date;

/** The machine's own clock. */
export const systemClock: Clock = () => new Date();
