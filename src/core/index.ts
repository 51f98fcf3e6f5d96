/**
 * Floor 4: protocol cores that own no socket, clock, random source or key. They are fed messages and the time, and
 * drained of messages to send and things to say.
 */
export * from './admission/index.js';
export * from './offer-answer/index.js';
export * from './rtp/index.js';
export * from './sip/index.js';
