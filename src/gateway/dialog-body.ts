import {parseContentType} from '../wire/mime/content-type.js';
import {parameterValue} from '../wire/sip/grammar.js';
import {header} from '../wire/sip/headers.js';
import type {SipRequest} from '../wire/sip/message.js';

/** True where the body of a request in a dialog is an offer (RFC 3261 §14, RFC 3311 §5.1): an UPDATE may only sign its headers. */
export function hasOffer(request: SipRequest): boolean {
	const {method, body} = request;
	return body.length > 0 && (method === 'INVITE' || (method === 'UPDATE' && typeOf(request) !== signedData));
}

/** True where the body may be a signature over the request's own headers. */
export function isSigned(request: SipRequest): boolean {
	const type = typeOf(request);
	return request.body.length > 0 && (type === signedData || type === 'multipart/signed');
}

function typeOf(request: SipRequest): string {
	const parsed = parseContentType(header(request, 'Content-Type') ?? '');
	if (!parsed.ok) {
		return '';
	}

	const {type, subtype, params} = parsed.value;
	const kind = parameterValue(params, 'smime-type')?.toLowerCase();
	return `${type}/${subtype}${kind === undefined || type !== 'application' ? '' : `;${kind}`}`;
}

const signedData = 'application/pkcs7-mime;signed-data';
