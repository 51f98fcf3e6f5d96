/** Session descriptions as data (RFC 8866): lossless reading and writing, attributes, connections. */
export * from './attributes.js';
export * from './connection.js';
export type * from './description.js';
export * from './parse-sdp.js';
