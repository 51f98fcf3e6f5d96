/**
 * RTP and RTCP as octets: reading and writing, no state (RFC 3550, 8285, 5761, 7983).
 */
export * from './classify-datagram.js';
export * from './extension-elements.js';
export * from './parse-rtcp.js';
export * from './rtcp-packet.js';
export * from './rtp-packet.js';
export * from './sequence-number.js';
export * from './write-rtcp.js';
