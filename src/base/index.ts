/**
 * Floor 1: results, errors, bytes, time, bounded containers. Imports nothing of ours.
 */
export * from './bounded-map.js';
export type * from './brand.js';
export * from './bytes.js';
export * from './clock.js';
export * from './error.js';
export * from './result.js';
