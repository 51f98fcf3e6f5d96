/**
 * SIP messages as data (RFC 3261): reading, writing, cutting streams, the values inside headers, and what is wrong with a
 * request. No state, no sockets, no transactions.
 */

export {type ContentType, parseContentType, writeContentType} from '../mime/content-type.js';
export * from './cseq.js';
export * from './date.js';
export type * from './failure.js';
export {
	isToken,
	parameterValue,
	quote,
	type SipParameter,
	splitList,
	unquote,
	withParameter,
	writeParameters,
} from './grammar.js';
export * from './header-names.js';
export * from './headers.js';
export type {MessageFault} from './judge-headers.js';
export * from './judge-request.js';
export * from './judge-response.js';
export * from './limits.js';
export type * from './message.js';
export * from './name-addr.js';
export * from './parse-fragment.js';
export {type ParseSipOptions, parseSipMessage, type SipStartLine} from './parse-message.js';
export * from './response.js';
export * from './stream-reader.js';
export * from './uri.js';
export * from './via.js';
export * from './write-message.js';
