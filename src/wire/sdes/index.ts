/** SDP security descriptions (RFC 4568): `a=crypto` lines as data, with keys or with handles, and answers checked. */
export * from './check-answer.js';
export type * from './crypto-attribute.js';
export * from './handle-attribute.js';
export * from './offered-keying.js';
export {type ParseCryptoOptions, parseCryptoAttribute} from './parse-crypto.js';
export * from './redact-crypto.js';
export * from './suites.js';
export * from './weak-keys.js';
export * from './write-crypto.js';
