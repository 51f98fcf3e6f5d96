import {closeSync, openSync, readSync} from 'node:fs';
import {SallyportError, systemCodeOf} from '../../base/error.js';
import {entityOf, type MimeEntity, mimeHeader, parseMimeEntity} from '../../wire/mime/entity.js';
import {writePkcs7Mime} from '../../wire/mime/smime-entity.js';
import {canonicalLineEnds} from '../../wire/mime/transfer-encoding.js';
import {parseSipMessage} from '../../wire/sip/parse-message.js';
import {readCmsFile} from './cms-file.js';

/** What a person calls a file: `-` is standard input. */
export function nameOfInput(file: string): string {
	return file === '-' ? 'standard input' : file;
}

/** Reads a file, or standard input for `-`. Throws `SallyportError` SMIME_INPUT for what is not there or over 256 KiB. */
export function readOctets(file: string): Buffer {
	const name = nameOfInput(file);
	let descriptor: number | undefined;
	try {
		descriptor = file === '-' ? 0 : openSync(file, 'r');
		return readBounded(descriptor, name);
	} catch (cause) {
		if (cause instanceof SallyportError) {
			throw cause;
		}

		const code = systemCodeOf(cause) ?? 'a failure';
		throw new SallyportError('SMIME_INPUT', `Expected to read ${name}, got ${code}.`, {cause});
	} finally {
		if (descriptor !== undefined && descriptor !== 0) {
			closeSync(descriptor);
		}
	}
}

/**
 * The entity in octets of any kind that people have: a SIP message, a MIME entity such as a mail, or bare CMS in DER or PEM,
 * which is taken for application/pkcs7-mime of whatever it holds. Throws `SallyportError` SMIME_INPUT.
 */
export function readEntity(octets: Buffer, name: string): MimeEntity {
	const cms = readCmsFile(octets);
	if (cms !== undefined) {
		return cms === 'broken' ? refuseInput(`Expected CMS in PEM in ${name}, got a broken block.`) : bareCms(cms);
	}

	const [firstLine = ''] = octets.toString('latin1', 0, 512).split(/\r?\n/, 1);
	if (/^SIP\/2\.0 \d{3} | SIP\/2\.0$/.test(firstLine)) {
		const message = parseSipMessage(octets);
		return message.ok ? entityOf(message.value) : refuseInput(`${message.failure.message} (in ${name})`);
	}

	const entity = parseMimeEntity(octets);
	if (!entity.ok) {
		return refuseInput(`${entity.failure.message} (in ${name})`);
	}

	return mimeHeader(entity.value, 'Content-Type') === undefined
		? refuseInput(`Expected a SIP message, a MIME entity with a Content-Type, or CMS in ${name}, got something else.`)
		: entity.value;
}

/**
 * What is to be signed or sealed, as the octets of a MIME entity in canonical form (RFC 8551 §3.1.1): the file itself where
 * it is an entity, or its content under the Content-Type `type`. Throws `SallyportError` SMIME_INPUT.
 */
export function readContent(octets: Buffer, type: string | undefined, name: string): Uint8Array {
	if (type === undefined) {
		const entity = parseMimeEntity(octets);
		if (!entity.ok || mimeHeader(entity.value, 'Content-Type') === undefined) {
			return refuseInput(`Expected a MIME entity with a Content-Type in ${name}; --type says what other content is.`);
		}

		const isBinary = mimeHeader(entity.value, 'Content-Transfer-Encoding')?.toLowerCase() === 'binary';
		return isBinary ? octets : canonicalLineEnds(octets);
	}

	if (!/^[\w.+-]+\/[\w.+-]+(?:;[^\r\n]*)?$/.test(type)) {
		return refuseInput('Expected type/subtype for --type.');
	}

	const isText = /^(?:text\/|application\/sdp\b|message\/sip)/i.test(type);
	const encoding = isText ? '' : 'Content-Transfer-Encoding: binary\r\n';
	const body = isText ? canonicalLineEnds(octets) : octets;
	return Buffer.concat([Buffer.from(`Content-Type: ${type}\r\n${encoding}\r\n`), body]);
}

function bareCms(contentInfo: Uint8Array): MimeEntity {
	const isSigned = Buffer.from(contentInfo.subarray(0, 32)).includes(signedDataOid);
	return writePkcs7Mime(contentInfo, isSigned ? 'signed-data' : 'enveloped-data');
}

function readBounded(descriptor: number, name: string): Buffer {
	const pieces: Buffer[] = [];
	let length = 0;
	for (;;) {
		const piece = Buffer.alloc(65_536);
		const count = readAvailable(descriptor, piece);
		if (count === 0) {
			return Buffer.concat(pieces);
		}

		pieces.push(piece.subarray(0, count));
		length += count;
		if (length > maxInputOctets) {
			throw new SallyportError('SMIME_INPUT', `Expected at most ${maxInputOctets} octets in ${name}, got more.`);
		}
	}
}

/** Reads what there is; a pipe that has nothing yet is asked again, and one that was closed is at its end. */
function readAvailable(descriptor: number, piece: Buffer): number {
	for (;;) {
		try {
			return readSync(descriptor, piece);
		} catch (error) {
			const code = systemCodeOf(error);
			if (code === 'EOF') {
				return 0;
			}

			if (code !== 'EAGAIN') {
				throw error;
			}

			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
		}
	}
}

function refuseInput(message: string): never {
	throw new SallyportError('SMIME_INPUT', message);
}

/** 1.2.840.113549.1.7.2, as it stands near the beginning of a ContentInfo. */
const signedDataOid = Buffer.from('06092a864886f70d010702', 'hex');
/** An entity of 256 KiB in base64, with its lines and headers. */
const maxInputOctets = 262_144;
