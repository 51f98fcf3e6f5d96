import {createCipheriv, createHmac} from 'node:crypto';
import {type SrtpSuiteName, srtpSuites} from '#dist/wire/sdes/suites.js';

/**
 * An SRTP sender written from the RFCs over node:crypto alone, to compare the addon with. It shares no code with it.
 */
export type OraclePacket = {
	readonly suite: SrtpSuiteName;
	readonly keyAndSalt: Uint8Array;
	/** Session keys instead of derived ones, where a vector gives them. */
	readonly session?: {readonly cipherKey: Uint8Array; readonly cipherSalt: Uint8Array; readonly authKey: Uint8Array};
	readonly plain: Uint8Array;
	readonly headerOctets: number;
	readonly mki?: Uint8Array;
};

export function protectRtp(packet: OraclePacket, rolloverCounter: number): Buffer {
	const {suite, plain} = packet;
	const index = (BigInt(rolloverCounter) << 16n) | BigInt(Buffer.from(plain).readUInt16BE(2));
	const header = plain.subarray(0, packet.headerOctets);
	const keys = packet.session ?? sessionKeys(packet, [0, 1, 2]);
	const mki = packet.mki ?? Buffer.alloc(0);
	if (isAead(suite)) {
		const iv = xor(keys.cipherSalt, Buffer.concat([Buffer.alloc(2), ssrcOf(plain, 8), uint(index, 6)]));
		return Buffer.concat([header, gcm(keys.cipherKey, iv, header, plain.subarray(packet.headerOctets)), mki]);
	}

	const iv = counterBlock(keys.cipherSalt, ssrcOf(plain, 8), index);
	const sealed = Buffer.concat([header, counterMode(keys.cipherKey, iv, plain.subarray(packet.headerOctets))]);
	const tag = createHmac('sha1', keys.authKey)
		.update(sealed)
		.update(uint(BigInt(rolloverCounter), 4))
		.digest();
	return Buffer.concat([sealed, mki, tag.subarray(0, srtpSuites[suite].tagOctets)]);
}

export function protectRtcp(packet: OraclePacket, index: number): Buffer {
	const {suite, plain} = packet;
	const header = plain.subarray(0, 8);
	const keys = sessionKeys(packet, [3, 4, 5]);
	const mki = packet.mki ?? Buffer.alloc(0);
	const indexWord = uint(0x8000_0000n | BigInt(index), 4);
	if (isAead(suite)) {
		const iv = xor(
			keys.cipherSalt,
			Buffer.concat([Buffer.alloc(2), ssrcOf(plain, 4), Buffer.alloc(2), uint(BigInt(index), 4)]),
		);
		const sealed = gcm(keys.cipherKey, iv, Buffer.concat([header, indexWord]), plain.subarray(8));
		return Buffer.concat([header, sealed, indexWord, mki]);
	}

	const iv = counterBlock(keys.cipherSalt, ssrcOf(plain, 4), BigInt(index));
	const sealed = Buffer.concat([header, counterMode(keys.cipherKey, iv, plain.subarray(8)), indexWord]);
	const tag = createHmac('sha1', keys.authKey).update(sealed).digest();
	return Buffer.concat([sealed, mki, tag.subarray(0, srtpSuites[suite].rtcpTagOctets)]);
}

function sessionKeys({suite, keyAndSalt}: OraclePacket, labels: readonly [number, number, number]) {
	const {keyOctets, saltOctets} = srtpSuites[suite];
	const masterKey = keyAndSalt.subarray(0, keyOctets);
	const masterSalt = keyAndSalt.subarray(keyOctets);
	const derive = (label: number, octets: number) => {
		const block = Buffer.alloc(16);
		block.set(masterSalt);
		block.writeUInt8(block.readUInt8(7) ^ label, 7);
		return counterMode(masterKey, block, Buffer.alloc(octets));
	};

	return {
		cipherKey: derive(labels[0], keyOctets),
		authKey: derive(labels[1], 20),
		cipherSalt: derive(labels[2], saltOctets),
	};
}

function isAead(suite: SrtpSuiteName): boolean {
	return suite.startsWith('AEAD');
}

function counterBlock(salt: Uint8Array, ssrc: Uint8Array, index: bigint): Buffer {
	const block = Buffer.concat([Buffer.alloc(4), ssrc, uint(index, 6), Buffer.alloc(2)]);
	return xor(Buffer.concat([salt, Buffer.alloc(2)]), block);
}

function counterMode(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Buffer {
	return createCipheriv(`aes-${key.length * 8}-ctr`, key, iv).update(data);
}

function gcm(key: Uint8Array, iv: Uint8Array, additional: Uint8Array, data: Uint8Array): Buffer {
	const cipher = createCipheriv(key.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm', key, iv);
	cipher.setAAD(additional);
	return Buffer.concat([cipher.update(data), cipher.final(), cipher.getAuthTag()]);
}

function ssrcOf(packet: Uint8Array, offset: number): Uint8Array {
	return packet.subarray(offset, offset + 4);
}

function uint(value: bigint, octets: number): Buffer {
	return Buffer.from(value.toString(16).padStart(octets * 2, '0'), 'hex');
}

function xor(a: Uint8Array, b: Uint8Array): Buffer {
	return Buffer.from(a.map((octet, position) => octet ^ (b[position] ?? 0)));
}
