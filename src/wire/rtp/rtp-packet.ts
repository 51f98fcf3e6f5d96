import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';

/** Why octets are not an RTP packet. */
export type RtpFailure = CodedFailure<
	'RTP_TOO_SHORT' | 'RTP_WRONG_VERSION' | 'RTP_TRUNCATED_HEADER' | 'RTP_BAD_PADDING'
>;

/** The header extension as it came (RFC 3550 §5.3.1); `readExtensionElements` opens it. */
export type RtpHeaderExtension = {
	/** "Defined by profile": 16 bits. */
	readonly profile: number;
	/** A whole number of 32-bit words. */
	readonly data: Uint8Array;
};

/** The fields of an RTP header (RFC 3550 §5.1) that a sender chooses. */
export type RtpFields = {
	readonly marker: boolean;
	/** 0 to 127. */
	readonly payloadType: number;
	/** 0 to 65535. */
	readonly sequenceNumber: number;
	/** Unsigned 32 bits, in units of the payload's clock. */
	readonly timestamp: number;
	/** Unsigned 32 bits. */
	readonly ssrc: number;
	/** At most 15, each unsigned 32 bits. */
	readonly csrcs: readonly number[];
	readonly extension?: RtpHeaderExtension;
};

/** A header that has been read: valid for RTP and, because SRTP leaves it in clear, for SRTP. */
export type RtpHeader = RtpFields & {
	/** Padding bit; where the padding begins is known only after decryption. */
	readonly hasPadding: boolean;
	/** Octets before the payload: fixed header, CSRCs and extension. */
	readonly headerOctets: number;
};

/** An RTP packet. `payload` and `extension.data` are views of the octets that were read. */
export type RtpPacket = RtpHeader & {
	/** Without padding. */
	readonly payload: Uint8Array;
	/** Octets of padding after the payload, its own count octet included; 0 without padding. */
	readonly paddingOctets: number;
};

/** Reads the header of an RTP or SRTP packet (RFC 3550 §5.1, §5.3.1). */
export function parseRtpHeader(packet: Uint8Array): Result<RtpHeader, RtpFailure> {
	if (packet.length < fixedHeaderOctets) {
		return fail('RTP_TOO_SHORT', `Expected at least ${fixedHeaderOctets} octets, got ${packet.length}.`);
	}

	const view = viewOf(packet);
	const first = view.getUint8(0);
	if (first >> 6 !== 2) {
		return fail('RTP_WRONG_VERSION', `Expected RTP version 2, got ${first >> 6}.`);
	}

	const csrcEnd = fixedHeaderOctets + 4 * (first & 0x0f);
	if (packet.length < csrcEnd) {
		return fail('RTP_TRUNCATED_HEADER', `Expected ${first & 0x0f} CSRCs, got ${packet.length} octets in all.`);
	}

	let headerOctets = csrcEnd;
	let extension: RtpHeaderExtension | undefined;
	if ((first & 0x10) !== 0) {
		if (packet.length < csrcEnd + 4) {
			return fail('RTP_TRUNCATED_HEADER', `Expected a header extension, got ${packet.length} octets in all.`);
		}

		headerOctets = csrcEnd + 4 + 4 * view.getUint16(csrcEnd + 2);
		if (packet.length < headerOctets) {
			return fail('RTP_TRUNCATED_HEADER', `Expected a header of ${headerOctets} octets, got ${packet.length} in all.`);
		}

		extension = {profile: view.getUint16(csrcEnd), data: packet.subarray(csrcEnd + 4, headerOctets)};
	}

	const csrcs = [];
	for (let offset = fixedHeaderOctets; offset < csrcEnd; offset += 4) {
		csrcs.push(view.getUint32(offset));
	}

	const second = view.getUint8(1);
	return ok({
		marker: (second & 0x80) !== 0,
		payloadType: second & 0x7f,
		sequenceNumber: view.getUint16(2),
		timestamp: view.getUint32(4),
		ssrc: view.getUint32(8),
		csrcs,
		...(extension && {extension}),
		hasPadding: (first & 0x20) !== 0,
		headerOctets,
	});
}

/** Reads an RTP packet in clear, padding included. The result shares memory with `packet`. */
export function parseRtp(packet: Uint8Array): Result<RtpPacket, RtpFailure> {
	const header = parseRtpHeader(packet);
	if (!header.ok) {
		return header;
	}

	const {headerOctets, hasPadding} = header.value;
	const paddingOctets = hasPadding ? (packet.at(-1) ?? 0) : 0;
	if (hasPadding && (paddingOctets === 0 || headerOctets + paddingOctets > packet.length)) {
		return fail(
			'RTP_BAD_PADDING',
			`Expected 1 to ${packet.length - headerOctets} octets of padding, got ${paddingOctets}.`,
		);
	}

	const payload = packet.subarray(headerOctets, packet.length - paddingOctets);
	return ok({...header.value, payload, paddingOctets});
}

/**
 * Writes an RTP packet. `paddingOctets` (0 to 255) are appended as RFC 3550 §5.1 says.
 * Throws `RangeError` on a field that does not fit.
 */
export function writeRtp(
	fields: RtpFields & {readonly payload: Uint8Array; readonly paddingOctets?: number},
): Uint8Array {
	const {csrcs, extension, payload, paddingOctets = 0} = fields;
	checkRange('payloadType', fields.payloadType, 0x7f);
	checkRange('sequenceNumber', fields.sequenceNumber, 0xff_ff);
	checkRange('timestamp', fields.timestamp, 0xff_ff_ff_ff);
	checkRange('ssrc', fields.ssrc, 0xff_ff_ff_ff);
	checkRange('csrcs.length', csrcs.length, 15);
	checkRange('paddingOctets', paddingOctets, 255);
	if (extension) {
		checkRange('extension.profile', extension.profile, 0xff_ff);
		if (extension.data.length % 4 !== 0 || extension.data.length > 4 * 0xff_ff) {
			throw new RangeError(`Expected at most 65535 whole words of extension, got ${extension.data.length} octets.`);
		}
	}

	const csrcEnd = fixedHeaderOctets + 4 * csrcs.length;
	const headerOctets = csrcEnd + (extension ? 4 + extension.data.length : 0);
	const packet = new Uint8Array(headerOctets + payload.length + paddingOctets);
	const view = viewOf(packet);
	view.setUint8(0, 0x80 | (paddingOctets > 0 ? 0x20 : 0) | (extension ? 0x10 : 0) | csrcs.length);
	view.setUint8(1, (fields.marker ? 0x80 : 0) | fields.payloadType);
	view.setUint16(2, fields.sequenceNumber);
	view.setUint32(4, fields.timestamp);
	view.setUint32(8, fields.ssrc);
	for (const [index, csrc] of csrcs.entries()) {
		checkRange('csrc', csrc, 0xff_ff_ff_ff);
		view.setUint32(fixedHeaderOctets + 4 * index, csrc);
	}

	if (extension) {
		view.setUint16(csrcEnd, extension.profile);
		view.setUint16(csrcEnd + 2, extension.data.length / 4);
		packet.set(extension.data, csrcEnd + 4);
	}

	packet.set(payload, headerOctets);
	if (paddingOctets > 0) {
		view.setUint8(packet.length - 1, paddingOctets);
	}

	return packet;
}

function checkRange(name: string, value: number, highest: number): void {
	if (!Number.isInteger(value) || value < 0 || value > highest) {
		throw new RangeError(`Expected an integer from 0 to ${highest} for \`${name}\`, got ${value}.`);
	}
}

function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const fixedHeaderOctets = 12;
