/**
 * RTP sans-IO: what a sender and a receiver of one stream remember. No socket, clock or random source.
 */
export * from './jitter-estimator.js';
export * from './loss-counter.js';
export * from './outgoing-stream.js';
export * from './pacing-schedule.js';
export * from './pcm-track.js';
export * from './reorder-buffer.js';
export * from './rtcp-interval.js';
export * from './source-statistics.js';
