/** SIP over UDP and TCP, joined with the transaction layer into requests and answers. */
export * from './incoming-request.js';
export * from './outgoing-request.js';
export * from './sip-endpoint.js';
export type {Admit, SipTransportCounters, SipTransportFailure} from './sip-transport.js';
export type {TcpTransportLimits} from './tcp-transport.js';
