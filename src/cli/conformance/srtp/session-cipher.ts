import {createCipheriv, createDecipheriv, createHmac, timingSafeEqual} from 'node:crypto';

/** Session keys of one direction and kind, SRTP or SRTCP (RFC 3711 §4.3). */
export type SessionKeys = {
	readonly cipherKey: Uint8Array;
	/** 14 octets for counter mode, 12 for GCM. */
	readonly cipherSalt: Uint8Array;
	/** HMAC-SHA1 key; absent with GCM. */
	readonly authKey?: Uint8Array;
};

/** A protected packet taken apart. `index` is ROC and SEQ together for SRTP, the SRTCP index for SRTCP. */
export type ProtectedParts = {
	readonly kind: 'rtp' | 'rtcp';
	readonly packet: Uint8Array;
	readonly headerOctets: number;
	readonly ssrc: number;
	readonly index: number;
	readonly tagOctets: number;
};

/**
 * Opens a packet from session keys with nothing but node:crypto: the second opinion that the runner checks key derivation
 * with. `undefined` when the tag is wrong. Packets have no MKI.
 */
export function openWithSessionKeys(keys: SessionKeys, parts: ProtectedParts): Uint8Array | undefined {
	return keys.authKey ? openCounterMode({...keys, authKey: keys.authKey}, parts) : openGcm(keys, parts);
}

/** AES in counter mode with HMAC-SHA1 (RFC 3711 §4.1.1, §4.2.1, §3.4). */
function openCounterMode(keys: Required<SessionKeys>, parts: ProtectedParts): Uint8Array | undefined {
	const {kind, packet, headerOctets, index, tagOctets} = parts;
	const tagStart = packet.length - tagOctets;
	const authenticated = packet.subarray(0, tagStart);
	const rolloverCounter = Buffer.alloc(4);
	rolloverCounter.writeUInt32BE(Math.floor(index / 0x1_00_00));
	const hmac = createHmac('sha1', keys.authKey).update(authenticated);
	const tag = (kind === 'rtp' ? hmac.update(rolloverCounter) : hmac).digest().subarray(0, tagOctets);
	if (!timingSafeEqual(tag, packet.subarray(tagStart))) {
		return undefined;
	}

	const bodyEnd = kind === 'rtp' ? tagStart : tagStart - srtcpIndexOctets;
	const keystream = counterModeKeystream(keys, parts, bodyEnd - headerOctets);
	const body = packet.subarray(headerOctets, bodyEnd).map((octet, at) => octet ^ (keystream[at] ?? 0));
	return Buffer.concat([packet.subarray(0, headerOctets), body]);
}

/** The first `octets` of keystream of a packet (RFC 3711 §4.1.1). */
export function counterModeKeystream(
	{cipherKey, cipherSalt}: Pick<SessionKeys, 'cipherKey' | 'cipherSalt'>,
	{ssrc, index}: Pick<ProtectedParts, 'ssrc' | 'index'>,
	octets: number,
): Uint8Array {
	const salt = BigInt(`0x${Buffer.from(cipherSalt).toString('hex')}`);
	const counter = (salt << 16n) ^ (BigInt(ssrc) << 64n) ^ (BigInt(index) << 16n);
	const cipher = createCipheriv(
		`aes-${8 * cipherKey.length}-ctr`,
		cipherKey,
		Buffer.from(counter.toString(16).padStart(32, '0'), 'hex'),
	);
	return cipher.update(new Uint8Array(octets));
}

/** AES-GCM (RFC 7714 §8.1, §9.1, §17). */
function openGcm(keys: SessionKeys, parts: ProtectedParts): Uint8Array | undefined {
	const {kind, packet, headerOctets, ssrc, index, tagOctets} = parts;
	const sealedEnd = kind === 'rtp' ? packet.length : packet.length - srtcpIndexOctets;
	const nonce = Buffer.alloc(12);
	nonce.writeUInt32BE(ssrc, 2);
	nonce.writeUIntBE(index, 6, 6);
	const header = packet.subarray(0, headerOctets);
	const decipher = createDecipheriv(
		keys.cipherKey.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm',
		keys.cipherKey,
		nonce.map((octet, at) => octet ^ (keys.cipherSalt[at] ?? 0)),
		{authTagLength: tagOctets},
	);
	decipher.setAAD(kind === 'rtp' ? header : Buffer.concat([header, packet.subarray(sealedEnd)]));
	decipher.setAuthTag(packet.subarray(sealedEnd - tagOctets, sealedEnd));
	const body = decipher.update(packet.subarray(headerOctets, sealedEnd - tagOctets));
	try {
		decipher.final();
	} catch {
		return undefined;
	}

	return Buffer.concat([header, body]);
}

/** The word with the E bit and the index that SRTCP appends (RFC 3711 §3.4). */
export const srtcpIndexOctets = 4;
