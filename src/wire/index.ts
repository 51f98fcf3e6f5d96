/**
 * Floor 2: reads and writes what goes over the wire. No state, no sockets, no clocks; strangers' octets never throw.
 */
export * from './audio/index.js';
export * from './mime/index.js';
export * from './pcap/index.js';
export * from './rtp/index.js';
export * from './sdes/index.js';
export * from './sdp/index.js';
export * from './sip/index.js';
