/**
 * RTP over UDP sockets: a sender that paces, a receiver that records. For phones and tests; the relay is native.
 */
export * from './paced-sender.js';
export * from './received-source.js';
export * from './reception-reporter.js';
export * from './rtp-receiver.js';
export * from './socket-pair.js';
