import {parseContentDisposition, parseContentType} from '../mime/content-type.js';
import {isSipMethod} from './header-names.js';
import {header, headerValues} from './headers.js';
import {callFault, type MessageFault} from './judge-headers.js';
import type {SipHeader, SipRequest} from './message.js';
import {parseSipUri, uriScheme} from './uri.js';

/** What the judging side can do. What is not given is not judged. */
export type RequestAbilities = {
	/** Methods that we take. */
	readonly methods?: readonly string[];
	/** Schemes of a Request-URI, in lower case. @default ['sip', 'sips'] */
	readonly schemes?: readonly string[];
	/** Option tags that a Require may name. */
	readonly extensions?: readonly string[];
	/** `type/subtype` of bodies that we read, in lower case. */
	readonly contentTypes?: readonly string[];
	/** `type/subtype` of the body that our answer to an INVITE will have, in lower case. */
	readonly answerType?: string;
};

/** What is wrong with a request. */
export type RequestFault =
	| MessageFault
	| 'METHOD_UNKNOWN'
	| 'METHOD_NOT_ALLOWED'
	| 'SCHEME_UNSUPPORTED'
	| 'BAD_REQUEST_URI'
	| 'EXTENSION_UNSUPPORTED'
	| 'CONTENT_TYPE_MISSING'
	| 'CONTENT_UNSUPPORTED'
	| 'ANSWER_UNACCEPTABLE';

/** What to do with a request. */
export type RequestVerdict =
	| {readonly verdict: 'accept'}
	| {
			readonly verdict: 'answer';
			/** With BAD_VIA the answer has no address but the source of the request. */
			readonly code: RequestFault;
			readonly status: number;
			readonly reason: string;
			/** What such an answer must carry: Allow, Unsupported, Accept. */
			readonly headers: readonly SipHeader[];
	  }
	/** An ACK, or a request without Via: no answer. */
	| {readonly verdict: 'discard'; readonly code: RequestFault};

/**
 * What a user agent server must find in a request before it acts (RFC 3261 §8.1.1, §8.2.1 to §8.2.3, RFC 4475): headers
 * there, once, and well-formed; then method, Request-URI, Require, content. What RFC 2543 left out (tag of From,
 * branch, Max-Forwards) may be missing; a Date that is none is the business of whoever needs it.
 */
export function judgeRequest(request: SipRequest, abilities: RequestAbilities = {}): RequestVerdict {
	const malformed = callFault(request);
	if (malformed) {
		return refuse(request, malformed, 400, 'Bad Request');
	}

	return (
		judgeMethod(request, abilities) ??
		judgeUri(request, abilities) ??
		judgeRequire(request, abilities) ??
		judgeContent(request, abilities) ?? {verdict: 'accept'}
	);
}

function judgeMethod(request: SipRequest, {methods}: RequestAbilities): RequestVerdict | undefined {
	if (!methods || methods.includes(request.method)) {
		return undefined;
	}

	const headers = [{name: 'Allow', value: methods.join(', ')}];
	return isSipMethod(request.method)
		? refuse(request, 'METHOD_NOT_ALLOWED', 405, 'Method Not Allowed', headers)
		: refuse(request, 'METHOD_UNKNOWN', 501, 'Not Implemented', headers);
}

function judgeUri(request: SipRequest, {schemes = ['sip', 'sips']}: RequestAbilities): RequestVerdict | undefined {
	const scheme = uriScheme(request.uri);
	if (scheme === undefined || !schemes.includes(scheme)) {
		return refuse(request, 'SCHEME_UNSUPPORTED', 416, 'Unsupported URI Scheme');
	}

	if (scheme !== 'sip' && scheme !== 'sips') {
		return undefined;
	}

	// Headers have no place in a Request-URI (RFC 3261 §19.1.1, table 1).
	const uri = parseSipUri(request.uri);
	return uri.ok && uri.value.headers === undefined ? undefined : refuse(request, 'BAD_REQUEST_URI', 400, 'Bad Request');
}

function judgeRequire(request: SipRequest, {extensions}: RequestAbilities): RequestVerdict | undefined {
	if (!extensions || request.method === 'ACK' || request.method === 'CANCEL') {
		return undefined;
	}

	const unsupported = headerValues(request, 'Require').filter((tag) => !extensions.includes(tag));
	return unsupported.length === 0
		? undefined
		: refuse(request, 'EXTENSION_UNSUPPORTED', 420, 'Bad Extension', [
				{name: 'Unsupported', value: unsupported.join(', ')},
			]);
}

function judgeContent(request: SipRequest, abilities: RequestAbilities): RequestVerdict | undefined {
	const {contentTypes, answerType} = abilities;
	if (request.body.length > 0) {
		const value = header(request, 'Content-Type');
		if (value === undefined) {
			return refuse(request, 'CONTENT_TYPE_MISSING', 400, 'Bad Request');
		}

		if (contentTypes && !isReadable(request, value, contentTypes)) {
			return refuse(request, 'CONTENT_UNSUPPORTED', 415, 'Unsupported Media Type', [
				{name: 'Accept', value: contentTypes.join(', ')},
				{name: 'Accept-Encoding', value: 'identity'},
			]);
		}
	}

	return answerType === undefined || request.method !== 'INVITE' || accepts(request, answerType)
		? undefined
		: refuse(request, 'ANSWER_UNACCEPTABLE', 406, 'Not Acceptable');
}

function isReadable(request: SipRequest, value: string, contentTypes: readonly string[]): boolean {
	const disposition = parseContentDisposition(header(request, 'Content-Disposition') ?? '');
	if (disposition.ok && disposition.value.handling === 'optional') {
		return true;
	}

	const contentType = parseContentType(value);
	const isKnown = contentType.ok && contentTypes.includes(`${contentType.value.type}/${contentType.value.subtype}`);
	return isKnown && headerValues(request, 'Content-Encoding').every((coding) => coding.toLowerCase() === 'identity');
}

/** Without Accept, application/sdp is accepted (RFC 3261 §20.1); an empty Accept accepts nothing. */
function accepts(request: SipRequest, answerType: string): boolean {
	if (header(request, 'Accept') === undefined) {
		return answerType === 'application/sdp';
	}

	const [type] = answerType.split('/', 1);
	return headerValues(request, 'Accept').some((value) => {
		const range = parseContentType(value);
		const text = range.ok ? `${range.value.type}/${range.value.subtype}` : '';
		return text === answerType || text === `${type}/*` || text === '*/*';
	});
}

function refuse(
	request: SipRequest,
	code: RequestFault,
	status: number,
	reason: string,
	headers: readonly SipHeader[] = [],
): RequestVerdict {
	return request.method === 'ACK' || code === 'VIA_MISSING'
		? {verdict: 'discard', code}
		: {verdict: 'answer', code, status, reason, headers};
}
