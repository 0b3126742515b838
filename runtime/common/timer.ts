/** Milliseconds that a timer can wait at most, about 24.8 days: of more, Node and browsers wait for one millisecond. */
export const MAX_TIMER = 2 ** 31 - 1;
