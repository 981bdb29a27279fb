/** What went wrong with the local run, in words for the person who started it: the message says what to do. */
export class LocalRunError extends Error {}
