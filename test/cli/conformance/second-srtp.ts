import {createCipheriv, createHmac} from 'node:crypto';

/** SRTP from RFC 3711, 6188 and 7714 with node:crypto alone: the independent program that makes our own vectors. */

export type Suite = {
	readonly name: string;
	readonly keyOctets: number;
	readonly saltOctets: number;
	readonly tagOctets: number;
	readonly rtcpTagOctets: number;
};

const counterMode = [128, 192, 256].flatMap((bits) =>
	[80, 32].map((tagBits) => ({
		name: bits === 128 ? `AES_CM_128_HMAC_SHA1_${tagBits}` : `AES_${bits}_CM_HMAC_SHA1_${tagBits}`,
		keyOctets: bits / 8,
		saltOctets: 14,
		tagOctets: tagBits / 8,
		rtcpTagOctets: 10,
	})),
);
const gcm = [128, 256].map((bits) => ({
	name: `AEAD_AES_${bits}_GCM`,
	keyOctets: bits / 8,
	saltOctets: 12,
	tagOctets: 16,
	rtcpTagOctets: 16,
}));
export const suites: readonly Suite[] = [...counterMode, ...gcm];

export type Master = {
	readonly suite: Suite;
	readonly key: Uint8Array;
	readonly salt: Uint8Array;
	readonly mki: Uint8Array;
};
export type Session = {readonly cipherKey: Uint8Array; readonly cipherSalt: Uint8Array; readonly authKey?: Uint8Array};

/** Session keys (RFC 3711 §4.3.1, §4.3.3; the 96-bit salt of GCM as in erratum 4938 to RFC 7714), without a rate. */
export function deriveSession({suite, key, salt}: Master, kind: 'rtp' | 'rtcp'): Session {
	const labels = kind === 'rtp' ? [0, 1, 2] : [3, 4, 5];
	const generate = (label: number, octets: number) => {
		const counter = Buffer.alloc(16);
		counter.set(salt);
		counter[7] = (counter[7] ?? 0) ^ label;
		return createCipheriv(`aes-${8 * key.length}-ctr`, key, counter).update(new Uint8Array(octets));
	};
	const [cipherLabel = 0, authLabel = 0, saltLabel = 0] = labels;
	const keys = {cipherKey: generate(cipherLabel, suite.keyOctets), cipherSalt: generate(saltLabel, suite.saltOctets)};
	return isGcm(suite) ? keys : {...keys, authKey: generate(authLabel, 20)};
}

/** Protects an RTP packet with a plain 12-octet header (RFC 3711 §3.3, RFC 7714 §8). */
export function protectRtp(master: Master, packet: Uint8Array, rolloverCounter: number): Uint8Array {
	const {suite, mki} = master;
	const session = deriveSession(master, 'rtp');
	const buffer = Buffer.from(packet);
	const index = rolloverCounter * 0x1_00_00 + buffer.readUInt16BE(2);
	const [header, payload] = [packet.subarray(0, 12), packet.subarray(12)];
	if (isGcm(suite)) {
		return Buffer.concat([header, sealGcm(session, buffer.readUInt32BE(8), index, header, payload), mki]);
	}

	const body = Buffer.concat([header, counterModeXor(session, buffer.readUInt32BE(8), index, payload)]);
	const roc = Buffer.alloc(4);
	roc.writeUInt32BE(rolloverCounter);
	return Buffer.concat([body, mki, hmac(session, Buffer.concat([body, roc]), suite.tagOctets)]);
}

/** Protects a compound RTCP packet (RFC 3711 §3.4, RFC 7714 §9). */
export function protectRtcp(master: Master, packet: Uint8Array, index: number): Uint8Array {
	const {suite, mki} = master;
	const session = deriveSession(master, 'rtcp');
	const ssrc = Buffer.from(packet).readUInt32BE(4);
	const [header, payload] = [packet.subarray(0, 8), packet.subarray(8)];
	const word = Buffer.alloc(4);
	word.writeUInt32BE(0x80_00_00_00 + index);
	if (isGcm(suite)) {
		const sealed = sealGcm(session, ssrc, index, Buffer.concat([header, word]), payload);
		return Buffer.concat([header, sealed, word, mki]);
	}

	const body = Buffer.concat([header, counterModeXor(session, ssrc, index, payload), word]);
	return Buffer.concat([body, mki, hmac(session, body, suite.rtcpTagOctets)]);
}

/** Octets of keystream of a packet (RFC 3711 §4.1.1). */
export function keystream(session: Session, ssrc: number, index: number, octets: number): Uint8Array {
	const counter = Buffer.alloc(16);
	counter.writeUInt32BE(ssrc, 4);
	counter.writeUIntBE(index, 8, 6);
	const salted = counter.map((octet, at) => octet ^ (session.cipherSalt[at] ?? 0));
	return createCipheriv(`aes-${8 * session.cipherKey.length}-ctr`, session.cipherKey, salted).update(
		new Uint8Array(octets),
	);
}

function counterModeXor(session: Session, ssrc: number, index: number, payload: Uint8Array): Uint8Array {
	const stream = keystream(session, ssrc, index, payload.length);
	return payload.map((octet, at) => octet ^ (stream[at] ?? 0));
}

function sealGcm(session: Session, ssrc: number, index: number, aad: Uint8Array, payload: Uint8Array): Uint8Array {
	const nonce = Buffer.alloc(12);
	nonce.writeUInt32BE(ssrc, 2);
	nonce.writeUIntBE(index, 6, 6);
	const salted = nonce.map((octet, at) => octet ^ (session.cipherSalt[at] ?? 0));
	const cipher = createCipheriv(
		session.cipherKey.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm',
		session.cipherKey,
		salted,
	);
	cipher.setAAD(aad);
	return Buffer.concat([cipher.update(payload), cipher.final(), cipher.getAuthTag()]);
}

function hmac(session: Session, octets: Uint8Array, tagOctets: number): Uint8Array {
	return createHmac('sha1', session.authKey ?? '')
		.update(octets)
		.digest()
		.subarray(0, tagOctets);
}

function isGcm({name}: Suite): boolean {
	return name.startsWith('AEAD');
}
