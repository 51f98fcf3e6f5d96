import {z} from 'zod';
import {fromHex} from '../../../base/bytes.js';
import {MasterKey, type SessionKey, SrtpInbound, SrtpOutbound} from '../../../trusted/media/srtp/index.js';
import {isSrtpSuiteName, type SrtpSuiteName, srtpSuites} from '../../../wire/sdes/suites.js';
import {hexOctets} from '../format.js';

/** How SRTP vectors name suite and keys. A suite that is not named follows from the lengths of key and salt. */
export const sessionFields = {
	profile: z.string().optional(),
	masterKey: hexOctets.optional(),
	masterSalt: hexOctets.optional(),
	/** Base64 of master key and salt together. */
	inline: z.string().optional(),
	sessionKey: hexOctets.optional(),
	mki: hexOctets.optional(),
};

const sessionSchema = z.object(sessionFields);
export type SessionFields = z.infer<typeof sessionSchema>;

/** What a vector's session is made of, or why we make none. */
export type SessionPlan =
	| {readonly suite: SrtpSuiteName; readonly keyAndSalt: Uint8Array; readonly mki: Uint8Array}
	| {readonly skip: string};

export function planSession(vector: SessionFields): SessionPlan {
	const {profile, masterKey, masterSalt = fromHex(''), inline, sessionKey, mki = fromHex('')} = vector;
	if (profile?.startsWith('NULL')) {
		return {skip: 'the null cipher is not offered'};
	}

	const keyAndSalt = masterKey
		? Buffer.concat([masterKey, masterSalt])
		: inline === undefined
			? undefined
			: Buffer.from(inline, 'base64');
	if (!keyAndSalt) {
		return {
			skip: sessionKey ? 'it gives session keys only, and the API takes master keys' : 'it gives no master key',
		};
	}

	const suite = profile ?? suiteOfLength(keyAndSalt.length);
	return suite !== undefined && isSrtpSuiteName(suite)
		? {suite, keyAndSalt, mki}
		: {skip: `the suite ${suite ?? `of ${keyAndSalt.length} octets`} is not offered`};
}

/** Gives `use` a fresh sender and receiver of the session, and destroys them. */
export function withSession<Value>(
	plan: Exclude<SessionPlan, {readonly skip: string}>,
	use: (session: {readonly inbound: SrtpInbound; readonly outbound: SrtpOutbound}) => Value,
	options: {readonly replayWindowPackets?: number} = {},
): Value {
	const {suite, keyAndSalt, mki} = plan;
	const masterKey = MasterKey.fromBytes(suite, keyAndSalt);
	const key: SessionKey = mki.length > 0 ? {masterKey, mki} : {masterKey};
	const inbound = new SrtpInbound({keys: [key], ...options});
	const outbound = new SrtpOutbound({keys: [key]});
	try {
		return use({inbound, outbound});
	} finally {
		inbound.destroy();
		outbound.destroy();
		masterKey.destroy();
	}
}

/** Where a packet's SRTCP index lies, counted from its end (RFC 3711 §3.4, RFC 7714 §9.2). */
export function readSrtcpIndex(packet: Uint8Array, suite: SrtpSuiteName, mkiOctets: number): number {
	const tagAfterIndex = suite.startsWith('AEAD') ? 0 : srtpSuites[suite].rtcpTagOctets;
	const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
	return view.getUint32(packet.length - tagAfterIndex - mkiOctets - 4) & 0x7f_ff_ff_ff;
}

function suiteOfLength(octets: number): SrtpSuiteName | undefined {
	const names = Object.keys(srtpSuites).filter(isSrtpSuiteName);
	return names.find((name) => srtpSuites[name].keyOctets + srtpSuites[name].saltOctets === octets);
}
