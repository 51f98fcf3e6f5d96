/**
 * Floor 5: sockets and clocks. Feeds the cores of floor 4 with what the network sends and sends what they say.
 */
export * from './rtp/index.js';
export * from './sip/index.js';
