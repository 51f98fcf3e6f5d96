import {randomBytes} from 'node:crypto';

/** An `a=crypto` value with a fresh key of AES_CM_128_HMAC_SHA1_80. */
export function cryptoLine(tag = 1, key: Buffer = randomBytes(30), suite = 'AES_CM_128_HMAC_SHA1_80'): string {
	return `${tag} ${suite} inline:${key.toString('base64')}`;
}

export type SdpParts = {
	readonly port?: number;
	readonly crypto?: readonly string[];
	readonly protocol?: string;
	readonly address?: string;
	readonly formats?: string;
	/** More lines of the media section: `a=sendonly`. */
	readonly lines?: readonly string[];
};

/** SDP of one audio stream. */
export function sdpText(parts: SdpParts = {}): string {
	const {port = 40_000, crypto = [], address = '127.0.0.1', formats = '0', lines = []} = parts;
	const {protocol = crypto.length > 0 ? 'RTP/SAVP' : 'RTP/AVP'} = parts;
	const type = address.includes(':') ? 'IP6' : 'IP4';
	return [
		'v=0',
		`o=- ${randomBytes(4).readUInt32BE()} 1 IN ${type} ${address}`,
		's=-',
		`c=IN ${type} ${address}`,
		't=0 0',
		`m=audio ${port} ${protocol} ${formats}`,
		...lines,
		...crypto.map((line) => `a=crypto:${line}`),
	]
		.map((line) => `${line}\r\n`)
		.join('');
}

/** Tag, suite and key of each crypto line. */
export function cryptoLinesOf(sdp: string): {readonly tag: number; readonly suite: string; readonly key: Buffer}[] {
	return [...sdp.matchAll(/^a=crypto:(\d+) (\S+) inline:([\w+/=]+)/gm)].map(([, tag, suite = '', key = '']) => ({
		tag: Number(tag),
		suite,
		key: Buffer.from(key, 'base64'),
	}));
}

/** Port of the first `m=` line. */
export function portOf(sdp: string): number {
	return Number(/^m=audio (\d+) /m.exec(sdp)?.[1]);
}

/** Direction of the first media section. */
export function directionIn(sdp: string): string {
	return /^a=(sendrecv|sendonly|recvonly|inactive)\r$/m.exec(sdp)?.[1] ?? 'sendrecv';
}

/** Version in `o=`. */
export function versionOf(sdp: string): number {
	return Number(/^o=\S+ \d+ (\d+) /m.exec(sdp)?.[1]);
}

/** Address of the first `c=` line. */
export function addressIn(sdp: string): string {
	return /^c=IN IP[46] (\S+)\r$/m.exec(sdp)?.[1] ?? '';
}
