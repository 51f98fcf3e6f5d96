import type {Result} from '../../base/result.js';
import {fail, ok} from '../../base/result.js';

export type PemFailure = {readonly code: 'PEM_MALFORMED' | 'PEM_TOO_LARGE'; readonly message: string};

/**
 * DER of every block with `label` in a PEM text (RFC 7468), in order. Other blocks and text around are passed over.
 * An empty list is a success: it says that there was none.
 */
export function pemToDer(pem: string, label = 'CERTIFICATE'): Result<Uint8Array[], PemFailure> {
	if (pem.length > maxPemCharacters) {
		return fail('PEM_TOO_LARGE', `Expected at most ${maxPemCharacters} characters of PEM, got ${pem.length}.`);
	}

	const blocks: Uint8Array[] = [];
	let lines: string[] | undefined;
	for (const line of pem.split(/\r?\n/)) {
		const text = line.trim();
		if (text === `-----BEGIN ${label}-----`) {
			lines = [];
		} else if (text === `-----END ${label}-----`) {
			const base64 = lines?.join('') ?? '';
			if (base64 === '' || base64.length % 4 !== 0 || !/^[0-9A-Za-z+/]+={0,2}$/.test(base64)) {
				return fail('PEM_MALFORMED', `Expected base64 between the lines of a ${label} block.`);
			}
			blocks.push(new Uint8Array(Buffer.from(base64, 'base64')));
			lines = undefined;
		} else {
			lines?.push(text);
		}
	}

	return lines === undefined
		? ok(blocks)
		: fail('PEM_MALFORMED', `Expected an END line for a ${label} block, got none.`);
}

/** One PEM block (RFC 7468) with lines of 64 characters. */
export function derToPem(der: Uint8Array, label = 'CERTIFICATE'): string {
	const base64 = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64');
	return `-----BEGIN ${label}-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;
}

const maxPemCharacters = 1024 * 1024;
