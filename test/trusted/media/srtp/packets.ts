import {Buffer} from 'node:buffer';
import {MasterKey, type SessionKey, SrtpInbound, SrtpOutbound} from '#dist/trusted/media/srtp/index.js';
import {type SrtpSuiteName, srtpSuites} from '#dist/wire/sdes/suites.js';

export const suiteNames = Object.keys(srtpSuites) as SrtpSuiteName[];

export function rtp({
	ssrc = 0xca_fe_ba_be,
	sequenceNumber = 1,
	payload = Buffer.from('old words'),
}: {
	ssrc?: number;
	sequenceNumber?: number;
	payload?: Uint8Array;
} = {}): Buffer {
	const header = Buffer.alloc(12);
	header.writeUInt8(0x80, 0);
	header.writeUInt16BE(sequenceNumber, 2);
	header.writeUInt32BE(sequenceNumber * 160, 4);
	header.writeUInt32BE(ssrc, 8);
	return Buffer.concat([header, payload]);
}

/** A receiver report without blocks. */
export function rtcp(ssrc = 0xca_fe_ba_be): Buffer {
	const packet = Buffer.from('80c90001000000000000000000000000', 'hex');
	packet.writeUInt32BE(ssrc, 4);
	return packet;
}

/** Key ‖ salt that is not secret: octets that count up from `first`. */
export function keyBytes(suite: SrtpSuiteName, first = 0): Uint8Array {
	const {keyOctets, saltOctets} = srtpSuites[suite];
	return Uint8Array.from({length: keyOctets + saltOctets}, (_, position) => first + position);
}

/** An outbound and an inbound session with the same key. */
export function pair(
	suite: SrtpSuiteName = 'AES_CM_128_HMAC_SHA1_80',
	{
		mki,
		lifetimePackets,
		...options
	}: Omit<SessionKey, 'masterKey'> & {
		replayWindowPackets?: number;
		maxSources?: number;
	} = {},
): {outbound: SrtpOutbound; inbound: SrtpInbound} {
	const masterKey = MasterKey.fromBytes(suite, keyBytes(suite));
	const key = {masterKey, ...(mki && {mki}), ...(lifetimePackets && {lifetimePackets})};
	const outbound = new SrtpOutbound({keys: [key], ...options});
	const inbound = new SrtpInbound({keys: [key], ...options});
	masterKey.destroy();
	return {outbound, inbound};
}

/** The value of a result, or an error that names its code. */
export function successOf<Value>(
	result: {readonly ok: true; readonly value: Value} | {readonly ok: false; readonly failure: {readonly code: string}},
): Value {
	if (!result.ok) {
		throw new Error(`Expected a success, got ${result.failure.code}.`);
	}

	return result.value;
}

/** `'OK'` or the code of the failure. */
export function verdictOf(
	result: {readonly ok: true} | {readonly ok: false; readonly failure: {readonly code: string}},
): string {
	return result.ok ? 'OK' : result.failure.code;
}
