import {isUtf8} from 'node:buffer';

import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import {parseConnection} from './connection.js';
import type {MediaSection, SdpLine, SessionDescription} from './description.js';

/** Why a text is not a session description. */
export type SdpFailureCode =
	/** More octets, lines or media sections than we read. */
	| 'SDP_TOO_LARGE'
	| 'BAD_UTF8'
	/** NUL or a CR that is not part of a line end (RFC 8866 §9 byte-string). */
	| 'CONTROL_CHARACTER'
	/** A line that is not `letter=value`. */
	| 'BAD_SDP_LINE'
	/** The first line is not `v=0`. */
	| 'BAD_VERSION'
	/** No `o=` line, several, or not of six fields with decimal id and version. */
	| 'BAD_ORIGIN'
	/** A `c=` line that is not `IN IP4 address` or `IN IP6 address`. */
	| 'BAD_CONNECTION'
	/** An `m=` line that is not `media port[/count] protocol format…`. */
	| 'BAD_MEDIA';

export type SdpFailure = CodedFailure<SdpFailureCode>;

/**
 * Reads a session description (RFC 8866 §5). Lines may end in CRLF or LF. `s=` and `t=` may be missing, as field devices
 * leave them out; the order of lines is not checked. Never throws.
 */
export function parseSdp(source: string | Uint8Array): Result<SessionDescription, SdpFailure> {
	if (source.length > maxSdpOctets) {
		return fail('SDP_TOO_LARGE', `Expected ${maxSdpOctets} octets at most, got ${source.length}.`);
	}

	if (typeof source !== 'string' && !isUtf8(source)) {
		return fail('BAD_UTF8', 'Expected SDP in UTF-8, got other octets.');
	}

	const text = typeof source === 'string' ? source : Buffer.from(source).toString('utf8');
	const rows = text.split(/\r?\n/, maxLines + 2);
	const lines = parseRows(rows.at(-1) === '' ? rows.slice(0, -1) : rows);
	if (!lines.ok) {
		return lines;
	}

	const description = parseSections(lines.value);
	const fault = description.ok ? sessionFault(description.value) : description.failure;
	return fault ? {ok: false, failure: fault} : description;
}

/** Reads media sections alone: lines without their ends, an `m=` line first. Never throws. */
export function parseMediaLines(rows: readonly string[]): Result<readonly MediaSection[], SdpFailure> {
	const lines = parseRows(rows);
	const sections = lines.ok ? parseSections(lines.value) : lines;
	if (!sections.ok) {
		return sections;
	}

	return sections.value.lines.length === 0
		? ok(sections.value.media)
		: fail('BAD_MEDIA', 'Expected an "m=" line first, got another.');
}

/** The description as text, every line ended by CRLF. Throws `TypeError` where a line holds a line end. */
export function writeSdp(description: SessionDescription): string {
	let text = description.lines.map(writeLine).join('');
	for (const section of description.media) {
		text += writeLine({type: 'm', value: writeMediaValue(section)}) + section.lines.map(writeLine).join('');
	}

	return text;
}

function parseRows(rows: readonly string[]): Result<SdpLine[], SdpFailure> {
	if (rows.length > maxLines) {
		return fail('SDP_TOO_LARGE', `Expected ${maxLines} lines at most, got more.`);
	}

	const lines: SdpLine[] = [];
	for (const row of rows) {
		if (row.length > maxLineLength) {
			return fail('SDP_TOO_LARGE', `Expected ${maxLineLength} characters in a line at most, got ${row.length}.`);
		}

		if (row.includes('\0') || row.includes('\r')) {
			return fail('CONTROL_CHARACTER', 'Expected no NUL and no lone CR, got one.');
		}

		if (!/^[a-z]=/i.test(row)) {
			return fail('BAD_SDP_LINE', 'Expected "letter=value", got something else.');
		}

		lines.push({type: row.slice(0, 1), value: row.slice(2)});
	}

	return ok(lines);
}

function parseSections(lines: readonly SdpLine[]): Result<SessionDescription, SdpFailure> {
	const session: SdpLine[] = [];
	const media: (MediaSection & {lines: SdpLine[]})[] = [];
	for (const line of lines) {
		if (line.type === 'm') {
			const section = parseMediaValue(line.value);
			if (!section || media.length === maxMediaSections) {
				return section
					? fail('SDP_TOO_LARGE', `Expected ${maxMediaSections} media sections at most, got more.`)
					: fail('BAD_MEDIA', 'Expected "media port protocol format…", got something else.');
			}

			media.push({...section, lines: []});
			continue;
		}

		if (line.type === 'c' && !parseConnection(line.value).ok) {
			return fail('BAD_CONNECTION', 'Expected "IN IP4 address" or "IN IP6 address", got something else.');
		}

		(media.at(-1)?.lines ?? session).push(line);
	}

	return ok({lines: session, media});
}

function sessionFault({lines}: SessionDescription): SdpFailure | undefined {
	if (lines[0]?.type !== 'v' || lines[0].value.trim() !== '0') {
		return {code: 'BAD_VERSION', message: 'Expected "v=0" first, got something else.'};
	}

	const [origin, ...others] = lines.filter(({type}) => type === 'o');
	return origin && others.length === 0 && originPattern.test(origin.value)
		? undefined
		: {code: 'BAD_ORIGIN', message: 'Expected one "o=name id version IN IP4 address", got something else.'};
}

function parseMediaValue(value: string): Omit<MediaSection, 'lines'> | undefined {
	const [media = '', portText = '', protocol, ...formats] = value.trimEnd().split(/[ \t]+/);
	const match = /^(\d{1,5})(?:\/(\d{1,5}))?$/.exec(portText);
	const port = Number(match?.[1]);
	const portCount = Number(match?.[2] ?? 1);
	const isGood = media !== '' && match && port <= 65_535 && portCount >= 1 && protocol && formats.length <= maxFormats;
	return isGood ? {media, port, portCount, protocol, formats} : undefined;
}

function writeMediaValue({media, port, portCount, protocol, formats}: MediaSection): string {
	const count = portCount === 1 ? '' : `/${portCount}`;
	return [media, `${port}${count}`, protocol, ...formats].join(' ');
}

function writeLine({type, value}: SdpLine): string {
	if (/[\r\n\0]/.test(value) || !/^[a-z]$/i.test(type)) {
		throw new TypeError(`Expected one SDP line, got line ends in a "${type.slice(0, 1)}=" line.`);
	}

	return `${type}=${value}\r\n`;
}

const originPattern = /^\S+[ \t]+\d{1,20}[ \t]+\d{1,20}[ \t]+\S+[ \t]+\S+[ \t]+\S+[ \t]*$/;
const maxSdpOctets = 65_536;
const maxLines = 2048;
const maxLineLength = 8192;
const maxMediaSections = 64;
const maxFormats = 512;
