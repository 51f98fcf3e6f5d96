/**
 * SRTP and SRTCP sessions and master keys: the typed face of the addon's SRTP.
 */
export type {ProtectFailure, ProtectFailureCode, UnprotectFailure, UnprotectFailureCode} from './failures.js';
export {MasterKey} from './master-key.js';
export type {SessionKey, SrtpSessionOptions} from './session-options.js';
export {SrtpInbound} from './srtp-inbound.js';
export {SrtpOutbound, type SrtpOutboundOptions} from './srtp-outbound.js';
