import {randomBytes} from 'node:crypto';
import {toHex} from '../../../base/bytes.js';
import {parseCryptoAttribute} from '../../../wire/sdes/parse-crypto.js';
import {type SrtpSuiteName, srtpSuites} from '../../../wire/sdes/suites.js';

/** Suite, tag and key of the first crypto line of an SDP. */
export function cryptoOf(sdp: string): {
	readonly tag: number;
	readonly suite: SrtpSuiteName;
	readonly keyAndSalt: Uint8Array;
} {
	for (const [, value = ''] of sdp.matchAll(/^a=crypto:(.*?)\r?$/gm)) {
		const line = parseCryptoAttribute(value);
		if (line.ok) {
			return {tag: line.value.tag, suite: line.value.suite, keyAndSalt: line.value.keys[0].keyAndSalt};
		}
	}

	throw new RangeError('Expected an offer with a crypto line, got none.');
}

/** Takes the first stream and refuses the others. */
export function answerTo(
	offer: string,
	{address, session, crypto}: {readonly address: string; readonly session: string; readonly crypto: string},
): string {
	const [, direction] = /^a=(sendonly|recvonly|inactive)\r?$/m.exec(offer) ?? [];
	const seen = direction === 'sendonly' ? 'recvonly' : direction === 'recvonly' ? 'sendonly' : direction;
	const media = [...offer.matchAll(/^m=(\S+) (\d+) (\S+) (.*?)\r?$/gm)];
	const carried = media.findIndex(([, , port]) => port !== '0');
	return [
		'v=0',
		`o=- ${session} IN IP4 ${address}`,
		's=-',
		`c=IN IP4 ${address}`,
		't=0 0',
		...media.flatMap(([, kind, , protocol, formats], index) =>
			index === carried
				? [`m=${kind} 40000 ${protocol} ${formats}`, `a=crypto:${crypto}`, ...(seen === undefined ? [] : [`a=${seen}`])]
				: [`m=${kind} 0 ${protocol} ${formats}`],
		),
	]
		.map((line) => `${line}\r\n`)
		.join('');
}

export function freshKey(suite: SrtpSuiteName): Uint8Array {
	return randomBytes(srtpSuites[suite].keyOctets + srtpSuites[suite].saltOctets);
}

/** An offer of one audio stream under a fresh key. */
export function freshOffer(address: string): string {
	const suite = 'AES_CM_128_HMAC_SHA1_80';
	return [
		'v=0',
		`o=- ${randomBytes(4).readUInt32BE()} 1 IN IP4 ${address}`,
		's=-',
		`c=IN IP4 ${address}`,
		't=0 0',
		'm=audio 40000 RTP/SAVP 0',
		`a=crypto:1 ${suite} inline:${Buffer.from(freshKey(suite)).toString('base64')}`,
	]
		.map((line) => `${line}\r\n`)
		.join('');
}

/** Master keys (without salts) of all crypto lines of an SDP, in hexadecimal. */
export function masterKeysOf(sdp: string): readonly string[] {
	return [...sdp.matchAll(/^a=crypto:(.*?)\r?$/gm)].flatMap(([, value = '']) => {
		const line = parseCryptoAttribute(value);
		return line.ok
			? line.value.keys.map(({keyAndSalt}) => toHex(keyAndSalt.subarray(0, srtpSuites[line.value.suite].keyOctets)))
			: [];
	});
}
