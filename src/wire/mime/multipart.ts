import {fail, ok, type Result} from '../../base/result.js';
import {parameterValue} from '../sip/grammar.js';
import {type ContentType, parseContentType} from './content-type.js';
import {entityTooLarge, type MimeEntity, type MimeFailure, mimeHeader, parseMimeEntity} from './entity.js';

/** One body part. */
export type MimePart = MimeEntity & {
	/** The whole part, headers and all, without the line end before its delimiter: what multipart/signed signs (RFC 1847 §2.1). */
	readonly octets: Uint8Array;
};

export type Multipart = {
	readonly contentType: ContentType;
	readonly preamble: Uint8Array;
	readonly parts: readonly MimePart[];
	readonly epilogue: Uint8Array;
};

/** Reads the parts of a `multipart/*` entity (RFC 2046 §5.1). All octets are views. Never throws. */
export function parseMultipart(entity: MimeEntity): Result<Multipart, MimeFailure> {
	const tooLarge = entityTooLarge(entity.body);
	if (tooLarge) {
		return {ok: false, failure: tooLarge};
	}

	const contentType = parseContentType(mimeHeader(entity, 'Content-Type') ?? '');
	if (!contentType.ok || contentType.value.type !== 'multipart') {
		return fail('NOT_MULTIPART', 'Expected Content-Type multipart, got another or none.');
	}

	const boundary = parameterValue(contentType.value.params, 'boundary') ?? '';
	if (!isBoundary(boundary)) {
		return fail('BAD_BOUNDARY', 'Expected a boundary of one to 70 characters of RFC 2046, got something else.');
	}

	const encoding = mimeHeader(entity, 'Content-Transfer-Encoding')?.toLowerCase() ?? '7bit';
	if (!['7bit', '8bit', 'binary'].includes(encoding)) {
		return fail('UNKNOWN_TRANSFER_ENCODING', 'Expected a multipart in 7bit, 8bit or binary, got another encoding.');
	}

	const ranges = partRanges(entity.body, boundary);
	if (!ranges.ok) {
		return ranges;
	}

	const {preamble, parts, epilogue} = ranges.value;
	const entities: MimePart[] = [];
	for (const octets of parts) {
		const part = parseMimeEntity(octets);
		if (!part.ok) {
			return part;
		}

		entities.push({...part.value, octets});
	}

	return ok({contentType: contentType.value, preamble, parts: entities, epilogue});
}

/**
 * Every part that is not a multipart, in the order of the text: the entity itself where it is none. Bounded in depth and
 * count. Never throws.
 */
export function leafEntities(entity: MimeEntity): Result<readonly MimeEntity[], MimeFailure> {
	const leaves: MimeEntity[] = [];
	const failure = collectLeaves(entity, 0, leaves);
	return failure ? {ok: false, failure} : ok(leaves);
}

/**
 * The body of a multipart of `parts`, each the octets of a whole entity. Throws `RangeError` where the boundary is not
 * one, or a part contains it.
 */
export function writeMultipart(parts: readonly Uint8Array[], boundary: string): Buffer {
	if (!isBoundary(boundary) || parts.length === 0) {
		throw new RangeError('Expected a boundary of one to 70 characters of RFC 2046 and at least one part.');
	}

	const delimiter = Buffer.from(`--${boundary}`, 'latin1');
	if (parts.some((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength).includes(delimiter))) {
		throw new RangeError('Expected a boundary that no part contains.');
	}

	const lineEnd = Buffer.from('\r\n', 'latin1');
	const pieces = parts.flatMap((part) => [delimiter, lineEnd, part, lineEnd]);
	return Buffer.concat([...pieces, delimiter, Buffer.from('--\r\n', 'latin1')]);
}

type Ranges = {
	readonly preamble: Uint8Array;
	readonly parts: readonly Uint8Array[];
	readonly epilogue: Uint8Array;
};

type Delimiter = {readonly start: number; readonly end: number; readonly closes: boolean};

/** Cuts `body` at its delimiter lines. The line end before a delimiter belongs to the delimiter (RFC 2046 §5.1.1). */
function partRanges(body: Uint8Array, boundary: string): Result<Ranges, MimeFailure> {
	const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
	const line = Buffer.from(`\n--${boundary}`, 'latin1');
	const parts: Uint8Array[] = [];
	const first = buffer.subarray(0, line.length - 1).equals(line.subarray(1))
		? delimiterAt(buffer, 0, line.length - 1)
		: undefined;
	let delimiter = first ?? nextDelimiter(buffer, line, 0);
	const preamble = body.subarray(0, delimiter?.start ?? 0);
	while (delimiter && !delimiter.closes) {
		const next = nextDelimiter(buffer, line, delimiter.end);
		if (!next) {
			break;
		}

		if (parts.push(body.subarray(delimiter.end, Math.max(next.start, delimiter.end))) > maxParts) {
			return fail('TOO_MANY_PARTS', `Expected ${maxParts} parts at most, got more.`);
		}

		delimiter = next;
	}

	return delimiter?.closes && parts.length > 0
		? ok({preamble, parts, epilogue: body.subarray(delimiter.end)})
		: fail('MULTIPART_UNFINISHED', 'Expected parts and a closing delimiter, got none.');
}

/** The first delimiter line whose text begins at or after `from`. */
function nextDelimiter(buffer: Buffer, line: Buffer, from: number): Delimiter | undefined {
	// A part may be empty: then the line feed that ended one delimiter line precedes the next.
	let found = buffer.indexOf(line, Math.max(from - 1, 0));
	while (found !== -1) {
		const start = found > 0 && buffer[found - 1] === 0x0d ? found - 1 : found;
		const delimiter = delimiterAt(buffer, start, found + line.length);
		if (delimiter) {
			return delimiter;
		}

		found = buffer.indexOf(line, found + line.length);
	}

	return undefined;
}

/** The delimiter from `start`, where after its boundary there is nothing but blanks on the line. */
function delimiterAt(buffer: Buffer, start: number, afterBoundary: number): Delimiter | undefined {
	const closes = buffer[afterBoundary] === 0x2d && buffer[afterBoundary + 1] === 0x2d;
	let end = closes ? afterBoundary + 2 : afterBoundary;
	while (buffer[end] === 0x20 || buffer[end] === 0x09) {
		end++;
	}

	if (closes && end === buffer.length) {
		return {start, end, closes};
	}

	const lineFeed = buffer[end] === 0x0d ? end + 1 : end;
	return buffer[lineFeed] === 0x0a ? {start, end: lineFeed + 1, closes} : undefined;
}

function collectLeaves(entity: MimeEntity, depth: number, leaves: MimeEntity[]): MimeFailure | undefined {
	if (!/^multipart[ \t]*\//i.test(mimeHeader(entity, 'Content-Type') ?? '')) {
		leaves.push(entity);
		return leaves.length > maxParts ? {code: 'TOO_MANY_PARTS', message: 'Expected fewer parts, got more.'} : undefined;
	}

	if (depth === maxDepth) {
		return {code: 'NESTED_TOO_DEEP', message: `Expected ${maxDepth} multiparts in each other at most, got more.`};
	}

	const multipart = parseMultipart(entity);
	if (!multipart.ok) {
		return multipart.failure;
	}

	for (const part of multipart.value.parts) {
		const failure = collectLeaves(part, depth + 1, leaves);
		if (failure) {
			return failure;
		}
	}

	return undefined;
}

function isBoundary(text: string): boolean {
	return /^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/.test(text);
}

const maxParts = 32;
const maxDepth = 4;
