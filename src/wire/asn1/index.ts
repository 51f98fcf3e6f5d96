/**
 * Strict BER and DER (X.690): a reader bounded in size, depth and count that keeps the offsets of what it read, and
 * a DER writer. Knows encodings and no structures; `trusted/smime` knows CMS and certificates.
 */
export {Asn1Cursor, Asn1Element} from './element.js';
export type {Asn1Failure, Asn1FailureCode} from './fault.js';
export * from './object-identifier.js';
export * from './pem.js';
export * from './reader.js';
export * from './tags.js';
export * from './time.js';
export * from './writer.js';
