import {crc32} from 'node:zlib';
import {SallyportError} from '../../../base/error.js';
import type {LedgerRecord, LedgerState} from './ledger-record.js';

/*
 * A record on disk. Its key is a letter for the kind and the octets of the fingerprint.
 *
 *   0       state, maker, isHeld, is the account said by name?
 *   1       takeovers
 *   2       media section + 1 (u16)
 *   4       epoch (u32), CSeq (u32)
 *   12      signed, written, runs out: milliseconds (u48 each)
 *   30      texts, each after its length (u16): salt tag as octets, Call-ID, tag, call, leg, signer[, account]
 *   end − 4 CRC-32 of key and all before it
 */

/** The octets under which a record lies. `name` is that of `ledgerKey`. */
export function encodeKey(name: string): Buffer {
	const colon = name.indexOf(':');
	const key = Buffer.allocUnsafe(1 + (name.length - colon - 1) / 2);
	key[0] = name.charCodeAt(0);
	if (key.write(name.slice(colon + 1), 1, 'hex') !== key.length - 1) {
		throw new RangeError('Expected a fingerprint in hexadecimal.');
	}

	return key;
}

/** What `encodeKey` was given. */
export function decodeKey(key: Uint8Array): string {
	const kind = key[0] === messageLetter ? 'message' : 'key';
	return `${kind}:${Buffer.from(key.buffer, key.byteOffset + 1, key.byteLength - 1).toString('hex')}`;
}

export function encodeRecord(key: Uint8Array, record: LedgerRecord): Buffer {
	const account = record.account === `user ${record.signer}` ? undefined : record.account;
	const salt = Buffer.from(record.saltTag, 'hex');
	const texts = [record.callId, record.offererTag, record.call, record.leg, record.signer];
	if (account !== undefined) {
		texts.push(account);
	}

	const most = texts.reduce((sum, text) => sum + 2 + 3 * text.length, fixedOctets + 2 + salt.length + crcOctets);
	const octets = Buffer.allocUnsafe(most);
	octets[0] =
		stateNames.indexOf(record.state) |
		(record.maker === 'self' ? selfFlag : 0) |
		(record.isHeld ? heldFlag : 0) |
		(account === undefined ? 0 : accountFlag);
	octets[1] = record.takeovers;
	octets.writeUInt16LE(record.mediaIndex + 1, 2);
	octets.writeUInt32LE(record.epoch, 4);
	octets.writeUInt32LE(record.sequence, 8);
	octets.writeUIntLE(Math.max(0, record.signedAtMs), 12, 6);
	octets.writeUIntLE(record.atMs, 18, 6);
	octets.writeUIntLE(record.expiresAtMs, 24, 6);
	let end = fixedOctets;
	end = octets.writeUInt16LE(salt.length, end);
	end += salt.copy(octets, end);
	for (const text of texts) {
		const length = octets.write(text, end + 2);
		octets.writeUInt16LE(length, end);
		end += 2 + length;
	}

	octets.writeUInt32LE(checksum(key, octets.subarray(0, end)), end);
	return octets.subarray(0, end + crcOctets);
}

/** Throws `SallyportError` LEDGER_DAMAGED where the octets are not those that were written. */
export function decodeRecord(key: Uint8Array, octets: Uint8Array): LedgerRecord {
	if (!isIntact(key, octets)) {
		throw new SallyportError('LEDGER_DAMAGED', 'Expected a ledger record as it was written, got another one.');
	}

	const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
	const flags = buffer[0] ?? 0;
	let start = fixedOctets;
	const text = (encoding: BufferEncoding) => {
		const length = buffer.readUInt16LE(start);
		start += 2 + length;
		return buffer.toString(encoding, start - length, start);
	};
	const saltTag = text('hex');
	const [callId, offererTag, call, leg, signer] = [
		text('utf8'),
		text('utf8'),
		text('utf8'),
		text('utf8'),
		text('utf8'),
	];
	const [kind = 'key', fingerprint = ''] = decodeKey(key).split(':');
	return {
		kind: kind === 'message' ? 'message' : 'key',
		fingerprint,
		state: stateNames[flags & stateMask] ?? 'retired',
		maker: flags & selfFlag ? 'self' : 'peer',
		isHeld: (flags & heldFlag) !== 0,
		takeovers: buffer[1] ?? 0,
		mediaIndex: buffer.readUInt16LE(2) - 1,
		epoch: buffer.readUInt32LE(4),
		sequence: buffer.readUInt32LE(8),
		signedAtMs: buffer.readUIntLE(12, 6),
		atMs: buffer.readUIntLE(18, 6),
		expiresAtMs: buffer.readUIntLE(24, 6),
		saltTag,
		callId: callId ?? '',
		offererTag: offererTag ?? '',
		call: call ?? '',
		leg: leg ?? '',
		signer: signer ?? '',
		account: flags & accountFlag ? text('utf8') : `user ${signer}`,
	};
}

/** True when a record is what was written under its key. */
export function isIntact(key: Uint8Array, octets: Uint8Array): boolean {
	const end = octets.byteLength - crcOctets;
	return (
		end >= fixedOctets &&
		checksum(key, octets.subarray(0, end)) ===
			new DataView(octets.buffer, octets.byteOffset + end, crcOctets).getUint32(0, true)
	);
}

function checksum(key: Uint8Array, octets: Uint8Array): number {
	return crc32(octets, crc32(key));
}

const stateNames: readonly LedgerState[] = ['reserved', 'installed', 'retired'];
const stateMask = 3;
const selfFlag = 4;
const heldFlag = 8;
const accountFlag = 16;
const fixedOctets = 30;
const crcOctets = 4;
const messageLetter = 'm'.charCodeAt(0);
