/** MIME entities as octets (RFC 2045, RFC 2046): headers, parts with their exact octets, transfer encodings. */
export * from './content-type.js';
export * from './entity.js';
export * from './multipart.js';
export * from './smime-entity.js';
export * from './transfer-encoding.js';
