import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import type {RtpHeaderExtension} from './rtp-packet.js';

/** One element of a general header extension (RFC 8285). */
export type ExtensionElement = {
	/** 1 to 14 in the one-byte form, 1 to 255 in the two-byte form. */
	readonly id: number;
	/** A view of the extension's octets. */
	readonly data: Uint8Array;
};

/** Why a header extension cannot be opened. */
export type ExtensionFailure = CodedFailure<'EXTENSION_UNKNOWN_PROFILE' | 'EXTENSION_TRUNCATED'>;

/**
 * Opens a header extension in the one-byte (RFC 8285 §4.2) or two-byte form (§4.3).
 * An element with the reserved id 15 ends the one-byte form: it and what follows is ignored, as §4.2 asks.
 */
export function readExtensionElements(
	extension: RtpHeaderExtension,
): Result<readonly ExtensionElement[], ExtensionFailure> {
	const isOneByte = extension.profile === 0xbe_de;
	if (!isOneByte && extension.profile >> 4 !== 0x1_00) {
		return fail('EXTENSION_UNKNOWN_PROFILE', `Expected profile 0xBEDE or 0x100X, got ${extension.profile}.`);
	}

	const {data} = extension;
	const elements: ExtensionElement[] = [];
	let offset = 0;
	while (offset < data.length) {
		const first = data[offset] ?? 0;
		if (first === 0) {
			offset++; // Padding between elements.
			continue;
		}

		const id = isOneByte ? first >> 4 : first;
		if (isOneByte && id === 15) {
			break;
		}

		const start = offset + (isOneByte ? 1 : 2);
		const end = start + (isOneByte ? (first & 0x0f) + 1 : (data[offset + 1] ?? 0));
		if (start > data.length || end > data.length) {
			return fail('EXTENSION_TRUNCATED', `Expected element ${id} to end within ${data.length} octets, got ${end}.`);
		}

		// In the one-byte form id 0 with a length is padding that takes its length along.
		if (id !== 0) {
			elements.push({id, data: data.subarray(start, end)});
		}

		offset = end;
	}

	return ok(elements);
}
