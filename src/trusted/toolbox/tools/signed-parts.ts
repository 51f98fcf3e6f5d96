import {z} from 'zod';
import {type CodedFailure, fail, ok, type Result} from '../../../base/result.js';
import {parseContentDisposition, parseContentType} from '../../../wire/mime/content-type.js';
import {entityOf, type MimeEntity, mimeHeader, parseMimeEntity} from '../../../wire/mime/entity.js';
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

type Reading = Pick<ToolContext, 'wipeLater'> & {
	/** Content types that are passed over. */
	readonly also: readonly string[];
	/** True inside a tunnelled message, which may tunnel no other. */
	readonly isTunnelled: boolean;
};

type Collected = {readonly descriptions: Uint8Array[]; readonly headerSets: (readonly SipHeader[])[]};

function readParts(
	content: Uint8Array,
	{wipeLater}: Pick<ToolContext, 'wipeLater'>,
	also: readonly string[],
): Result<BodyParts, PartsFailure> {
	const entity = parseMimeEntity(content);
	const collected: Collected = {descriptions: [], headerSets: []};
	const failure = entity.ok
		? collect(entity.value, {wipeLater, also, isTunnelled: false}, collected)
		: badContent(entity.failure.code);
	if (failure) {
		return {ok: false, failure};
	}

	const {descriptions, headerSets} = collected;
	return descriptions.length > 1
		? fail('BAD_CONTENT', 'Expected one session description, got several.')
		: ok({sdp: descriptions[0], headers: headerSets.length > 1 ? 'ambiguous' : headerSets[0]});
}

/** Adds what the parts of `entity` hold; undefined where all of it was read. */
function collect(entity: MimeEntity, reading: Reading, collected: Collected): PartsFailure | undefined {
	const leaves = leafEntities(entity);
	if (!leaves.ok) {
		return badContent(leaves.failure.code);
	}

	for (const leaf of leaves.value) {
		const failure = reading.also.includes(typeOf(leaf)) ? undefined : collectLeaf(leaf, reading, collected);
		if (failure) {
			return failure;
		}
	}

	return undefined;
}

function collectLeaf(leaf: MimeEntity, reading: Reading, collected: Collected): PartsFailure | undefined {
	const octets = decodeContent(leaf);
	if (!octets.ok) {
		return badContent(octets.failure.code);
	}

	if (octets.value !== leaf.body) {
		reading.wipeLater(octets.value);
	}

	const type = typeOf(leaf);
	if (type === 'application/sdp') {
		collected.descriptions.push(octets.value);
		return undefined;
	}

	if (type === 'message/sip' || type === 'message/sipfrag') {
		return reading.isTunnelled
			? badContent('Expected no message inside a tunnelled one.')
			: collectFragment(octets.value, reading, collected);
	}

	const disposition = parseContentDisposition(mimeHeader(leaf, 'Content-Disposition') ?? 'session');
	const isOptional = disposition.ok && disposition.value.handling === 'optional';
	return isOptional ? undefined : badContent('Expected parts that we read, got another that must be handled.');
}

/**
 * A message or a piece of one (RFC 3420), with the parts of its body. Headers alone may name the type of a body that is
 * elsewhere, and octets of no type are no part.
 */
function collectFragment(octets: Uint8Array, reading: Reading, collected: Collected): PartsFailure | undefined {
	const fragment = parseSipFragment(octets);
	if (!fragment.ok) {
		return badContent(fragment.failure.code);
	}

	const {headers, body} = fragment.value;
	reading.wipeLater(body);
	collected.headerSets.push(headers);
	const entity = entityOf(fragment.value);
	return body.length === 0 || mimeHeader(entity, 'Content-Type') === undefined
		? undefined
		: collect(entity, {...reading, isTunnelled: true}, collected);
}

function badContent(message: string): PartsFailure {
	return {code: 'BAD_CONTENT', message};
}

function typeOf(entity: MimeEntity): string {
	const contentType = parseContentType(mimeHeader(entity, 'Content-Type') ?? '');
	return contentType.ok ? `${contentType.value.type}/${contentType.value.subtype}` : '';
}
