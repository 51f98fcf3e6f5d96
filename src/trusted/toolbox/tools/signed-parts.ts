import {z} from 'zod';
import {type CodedFailure, fail, ok, type Result} from '../../../base/result.js';
import {parseContentDisposition, parseContentType} from '../../../wire/mime/content-type.js';
import {type MimeEntity, mimeHeader, parseMimeEntity} from '../../../wire/mime/entity.js';
import {leafEntities} from '../../../wire/mime/multipart.js';
import {decodeContent} from '../../../wire/mime/transfer-encoding.js';
import {canonicalHeaderName} from '../../../wire/sip/header-names.js';
import type {SipHeader} from '../../../wire/sip/message.js';
import type {BodyParts} from '../engine/port-types.js';
import {defineTool, refuse} from '../engine/tool.js';

/** Header processing: takes signed content apart into SDP and the headers that were signed with it (RFC 3261 §23.4, RFC 3893). */
export const signedParts = defineTool({
	name: 'signed-parts',
	version: 1,
	effect: 'none',
	inputs: {content: 'verified-content'},
	outputs: {parts: 'parts'},
	parameters: z.strictObject({}),
	run: ({content}) => {
		const parts = readParts(content.content);
		return parts.ok ? ok({parts: parts.value}) : refuse('BAD_SIGNED_CONTENT', parts.failure.message);
	},
});

type PartsFailure = CodedFailure<'BAD_CONTENT'>;

function readParts(content: Uint8Array): Result<BodyParts, PartsFailure> {
	const entity = parseMimeEntity(content);
	const leaves = entity.ok ? leafEntities(entity.value) : entity;
	if (!leaves.ok) {
		return fail('BAD_CONTENT', leaves.failure.code);
	}

	const descriptions: Uint8Array[] = [];
	const headerSets: (readonly SipHeader[])[] = [];
	for (const leaf of leaves.value) {
		const part = readLeaf(leaf);
		if (!part.ok) {
			return part;
		}

		descriptions.push(...(part.value.sdp ? [part.value.sdp] : []));
		headerSets.push(...(part.value.headers ? [part.value.headers] : []));
	}

	if (descriptions.length > 1) {
		return fail('BAD_CONTENT', 'Expected one session description, got several.');
	}

	return ok({sdp: descriptions[0], headers: headerSets.length > 1 ? 'ambiguous' : headerSets[0]});
}

type LeafParts = {readonly sdp?: Uint8Array; readonly headers?: readonly SipHeader[]};

function readLeaf(leaf: MimeEntity): Result<LeafParts, PartsFailure> {
	const octets = decodeContent(leaf);
	if (!octets.ok) {
		return fail('BAD_CONTENT', octets.failure.code);
	}

	switch (typeOf(leaf)) {
		case 'application/sdp':
			return ok({sdp: octets.value});
		case 'message/sip':
		case 'message/sipfrag':
			return readFragment(octets.value);
		default: {
			const disposition = parseContentDisposition(mimeHeader(leaf, 'Content-Disposition') ?? 'session');
			const isOptional = disposition.ok && disposition.value.handling === 'optional';
			return isOptional
				? ok({})
				: fail('BAD_CONTENT', 'Expected parts that we read, got another that must be handled.');
		}
	}
}

/** A message or a piece of one (RFC 3420): start line, headers and body are each optional. */
function readFragment(octets: Uint8Array): Result<LeafParts, PartsFailure> {
	const firstLine = Buffer.from(octets.subarray(0, 4096)).toString('latin1').split(/\r?\n/, 1)[0] ?? '';
	const hasStartLine = /^SIP\/2\.0 \d{3}|^\S+ \S+ SIP\/2\.0$/.test(firstLine);
	const start = hasStartLine ? Buffer.from(octets).indexOf(0x0a) + 1 : 0;
	const rest = octets.subarray(start);
	const whole = parseMimeEntity(rest);
	// Where only headers were signed the empty line after them may be missing.
	const entity = whole.ok ? whole : parseMimeEntity(Buffer.concat([rest, Buffer.from('\r\n\r\n')]));
	if (!entity.ok) {
		return fail('BAD_CONTENT', entity.failure.code);
	}

	const headers = entity.value.headers.map(({name, value}) => ({name: canonicalHeaderName(name), value}));
	const canonical = {headers, body: entity.value.body};
	return typeOf(canonical) === 'application/sdp' && canonical.body.length > 0
		? ok({headers, sdp: canonical.body})
		: ok({headers});
}

function typeOf(entity: MimeEntity): string {
	const contentType = parseContentType(mimeHeader(entity, 'Content-Type') ?? '');
	return contentType.ok ? `${contentType.value.type}/${contentType.value.subtype}` : '';
}
