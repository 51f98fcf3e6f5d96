/** SIP transactions and dialogs (RFC 3261 §12, §17; RFC 6026) as machines that are fed and drained. */
export {largestDatagramRequest, type RequestFailure} from './client-transactions.js';
export * from './dialog.js';
export * from './hop.js';
export {type MessageIdentity, magicCookie, readIdentity} from './identity.js';
export type {LayerCounters, LayerOutput, TransactionId} from './layer-output.js';
export * from './timers.js';
export * from './transaction-layer.js';
