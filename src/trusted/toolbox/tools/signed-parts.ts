import {z} from 'zod';
import {type CodedFailure, fail, ok, type Result} from '../../../base/result.js';
import {parseContentDisposition, parseContentType} from '../../../wire/mime/content-type.js';
import {type MimeEntity, mimeHeader, parseMimeEntity} from '../../../wire/mime/entity.js';
import {leafEntities} from '../../../wire/mime/multipart.js';
import {decodeContent} from '../../../wire/mime/transfer-encoding.js';
import type {SipHeader} from '../../../wire/sip/message.js';
import {parseSipFragment} from '../../../wire/sip/parse-fragment.js';
import type {BodyParts} from '../engine/port-types.js';
import {defineTool, refuse, type ToolContext} from '../engine/tool.js';

/** Header processing: takes signed content apart into SDP and the headers that were signed with it (RFC 3261 §23.4, RFC 3893). */
export const signedParts = defineTool({
	name: 'signed-parts',
	version: 1,
	service: 'header processing',
	purpose: 'Takes signed content apart into session description and signed headers.',
	effect: 'none',
	inputs: {content: 'verified-content'},
	outputs: {parts: 'parts'},
	parameters: z.strictObject({
		/** Content types that are passed over though they must be handled: somebody else reads them. */
		also: z
			.array(z.string().regex(/^[a-z0-9.+-]+\/[a-z0-9.+-]+$/))
			.max(16)
			.default([]),
	}),
	run: ({content}, context, {also}) => {
		const parts = readParts(content.content, context, also);
		return parts.ok ? ok({parts: parts.value}) : refuse('BAD_SIGNED_CONTENT', parts.failure.message);
	},
});

type PartsFailure = CodedFailure<'BAD_CONTENT'>;

type WipingContext = Pick<ToolContext, 'wipeLater'>;

function readParts(
	content: Uint8Array,
	context: WipingContext,
	also: readonly string[],
): Result<BodyParts, PartsFailure> {
	const entity = parseMimeEntity(content);
	const leaves = entity.ok ? leafEntities(entity.value) : entity;
	if (!leaves.ok) {
		return fail('BAD_CONTENT', leaves.failure.code);
	}

	const descriptions: Uint8Array[] = [];
	const headerSets: (readonly SipHeader[])[] = [];
	for (const leaf of leaves.value) {
		const part = also.includes(typeOf(leaf)) ? ok<LeafParts>({}) : readLeaf(leaf, context);
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

function readLeaf(leaf: MimeEntity, context: WipingContext): Result<LeafParts, PartsFailure> {
	const octets = decodeContent(leaf);
	if (!octets.ok) {
		return fail('BAD_CONTENT', octets.failure.code);
	}

	switch (typeOf(leaf)) {
		case 'application/sdp':
			return ok({sdp: octets.value});
		case 'message/sip':
		case 'message/sipfrag':
			return readFragment(octets.value, context);
		default: {
			const disposition = parseContentDisposition(mimeHeader(leaf, 'Content-Disposition') ?? 'session');
			const isOptional = disposition.ok && disposition.value.handling === 'optional';
			return isOptional
				? ok({})
				: fail('BAD_CONTENT', 'Expected parts that we read, got another that must be handled.');
		}
	}
}

/** A message or a piece of one (RFC 3420). */
function readFragment(octets: Uint8Array, {wipeLater}: WipingContext): Result<LeafParts, PartsFailure> {
	const fragment = parseSipFragment(octets);
	if (!fragment.ok) {
		return fail('BAD_CONTENT', fragment.failure.code);
	}

	const {headers, body} = fragment.value;
	wipeLater(body);
	return typeOf(fragment.value) === 'application/sdp' && body.length > 0 ? ok({headers, sdp: body}) : ok({headers});
}

function typeOf(entity: MimeEntity): string {
	const contentType = parseContentType(mimeHeader(entity, 'Content-Type') ?? '');
	return contentType.ok ? `${contentType.value.type}/${contentType.value.subtype}` : '';
}
