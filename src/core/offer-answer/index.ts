/** Offer and answer (RFC 3264, RFC 4568 §5) on SDP whose keys are handles: no key comes here. */
export * from './answer.js';
export * from './local-session.js';
export * from './relayed-session.js';
export * from './session-view.js';
