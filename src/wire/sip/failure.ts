import type {CodedFailure} from '../../base/result.js';
import type {SipRequest} from './message.js';

/** Why octets are not a SIP message. */
export type SipFailureCode =
	/** Nothing but CRLF: a keep-alive (RFC 5626 §4.4.1). */
	| 'EMPTY_MESSAGE'
	/** More octets, headers or a longer line than we read. */
	| 'MESSAGE_TOO_LARGE'
	| 'TOO_MANY_HEADERS'
	| 'LINE_TOO_LONG'
	/** No empty line ends the headers. */
	| 'HEADERS_UNFINISHED'
	| 'BAD_START_LINE'
	| 'UNSUPPORTED_VERSION'
	| 'BAD_HEADER_LINE'
	/** A CR or LF that is not part of a CRLF. */
	| 'BAD_LINE_END'
	/** A control character outside of a quoted pair. */
	| 'CONTROL_CHARACTER'
	| 'BAD_UTF8'
	| 'BAD_CONTENT_LENGTH'
	/** On a stream, where it alone says where the message ends. */
	| 'MISSING_CONTENT_LENGTH'
	/** Content-Length promises more than the datagram holds. */
	| 'BODY_TRUNCATED';

export type SipFailure = CodedFailure<SipFailureCode> & {
	/**
	 * There where the octets were a request (not ACK) of which enough could be read for an answer: give it to
	 * `makeResponse`. Its `request` holds no other headers than Via, From, To, Call-ID and CSeq, each as sent.
	 */
	readonly answerable?: {
		readonly request: SipRequest;
		readonly status: 400 | 505 | 513;
		readonly reason: string;
	};
};
