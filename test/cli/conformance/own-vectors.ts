import {createHash} from 'node:crypto';
import {mkdirSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {
	deriveSession,
	keystream,
	type Master,
	protectRtcp,
	protectRtp,
	type Session,
	type Suite,
	suites,
} from './second-srtp.js';

/**
 * The files of `test/vectors/conformance`: vectors of each format, made here with node:crypto alone, and numbers that RFCs
 * publish. Written again by `node build/test/cli/conformance/own-vectors.js`.
 */
export function ownVectors(): ReadonlyMap<string, Uint8Array> {
	const capture = captureVectors();
	return new Map<string, Uint8Array>([
		['srtp/kdf.json', json({schema: 'srtp-kdf/1', cases: [...publishedDerivations, ...derivations()]})],
		['srtp/keystream.json', json({schema: 'srtp-keystream/1', cases: keystreams()})],
		['srtp/packets.json', json({schema: 'srtp-packet/1', cases: suites.flatMap(packets)})],
		['srtp/traces.json', json({schema: 'srtp-trace/1', cases: suites.map(trace)})],
		['sdes/crypto-lines.json', json({schema: 'sdes-line/1', cases: lines()})],
		['sdes/offer-answer.json', json({schema: 'sdes-offer-answer/1', cases: answers()})],
		['sdes/sdp-index.json', json({schema: 'sdp-device/1', cases: [deviceIndex]})],
		['sdes/sdp/two-streams.sdp', Buffer.from(deviceSdp())],
		['pcap/expected.json', json(capture.expected)],
		['pcap/wrap.pcap', capture.file],
	]);
}

/** Repeatable octets that look random. */
function octets(label: string, length: number): Uint8Array {
	const blocks = Array.from({length: Math.ceil(length / 32)}, (_, block) =>
		createHash('sha256').update(`sallyport ${label} ${block}`).digest(),
	);
	return Uint8Array.from(Buffer.concat(blocks).subarray(0, length));
}

function masterOf(suite: Suite, label: string, mkiOctets = 0): Master {
	return {
		suite,
		key: octets(`${label} key`, suite.keyOctets),
		salt: octets(`${label} salt`, suite.saltOctets),
		mki: octets(`${label} mki`, mkiOctets),
	};
}

function masterFields({suite, key, salt, mki}: Master): object {
	return {profile: suite.name, masterKey: hex(key), masterSalt: hex(salt), ...(mki.length > 0 ? {mki: hex(mki)} : {})};
}

function rtp(sequenceNumber: number, ssrc: number, payload: Uint8Array): Uint8Array {
	const header = Buffer.alloc(12);
	header.writeUInt16BE(0x80_00, 0);
	header.writeUInt16BE(sequenceNumber, 2);
	header.writeUInt32BE(160 * sequenceNumber, 4);
	header.writeUInt32BE(ssrc, 8);
	return Buffer.concat([header, payload]);
}

/** A receiver report with a profile-specific extension. */
function rtcp(ssrc: number, label: string): Uint8Array {
	const header = Buffer.from('80c9000500000000', 'hex');
	header.writeUInt32BE(ssrc, 4);
	return Buffer.concat([header, octets(label, 16)]);
}

function sessionFields({cipherKey, cipherSalt, authKey}: Session): object {
	return {cipherKey: hex(cipherKey), cipherSalt: hex(cipherSalt), ...(authKey ? {authKey: hex(authKey)} : {})};
}

const publishedDerivations = [
	{
		id: 'rfc3711-b3',
		source: 'RFC 3711 App. B.3',
		masterKey: 'e1f97a0d3e018be0d64fa32c06de4139',
		masterSalt: '0ec675ad498afeebb6960b3aabe6',
		cipherKey: 'c61e7a93744f39ee10734afe3ff7a087',
		cipherSalt: '30cbbc08863d8c85d49db34a9ae1',
		authKey: 'cebe321f6ff7716b6fd4ab49af256a156d38baa4',
	},
	{
		id: 'rfc6188-7.2',
		source: 'RFC 6188 §7.2',
		masterKey: 'f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6',
		masterSalt: '3b04803de51ee7c96423ab5b78d2',
		cipherKey: '5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4',
		cipherSalt: 'fa31791685ca444a9e07c6c64e93',
		authKey: 'fd9c32d39ed5fbb5a9dc96b30818454d1313dc05',
	},
];

function derivations(): readonly object[] {
	return suites.map((suite) => {
		const master = masterOf(suite, `kdf ${suite.name}`);
		return {
			id: `kdf-${suite.name}`,
			...masterFields(master),
			index: 0x1_23_45_67,
			srtp: sessionFields(deriveSession(master, 'rtp')),
			srtcp: sessionFields(deriveSession(master, 'rtcp')),
		};
	});
}

function keystreams(): readonly object[] {
	return suites.slice(0, 6).map((suite) => {
		const master = masterOf(suite, `keystream ${suite.name}`);
		const [ssrc, roc, seq] = [0xca_fe_ba_be, 3, 0xff_fe];
		const stream = keystream(deriveSession(master, 'rtp'), ssrc, roc * 0x1_00_00 + seq, 48);
		const blocks = [0, 2].map((block) => ({block, keystream: hex(stream.subarray(16 * block, 16 * block + 16))}));
		return {id: `keystream-${suite.name}`, ...masterFields(master), ssrc: 'cafebabe', roc, seq, blocks};
	});
}

function packets(suite: Suite): readonly object[] {
	const ssrc = 0x01_02_03_04;
	const rtpCase = (id: string, mkiOctets: number, sequenceNumber: number, roc: number) => {
		const master = masterOf(suite, `${id} ${suite.name}`, mkiOctets);
		const plain = rtp(sequenceNumber, ssrc, octets(`${id} payload`, 33));
		const wire = protectRtp(master, plain, roc);
		return {
			id: `${id}-${suite.name}`,
			kind: 'rtp',
			...masterFields(master),
			roc,
			plain: hex(plain),
			protected: hex(wire),
		};
	};
	const rtcpCase = (id: string, mkiOctets: number, srtcpIndex: number) => {
		const master = masterOf(suite, `${id} ${suite.name}`, mkiOctets);
		const plain = rtcp(ssrc, id);
		const wire = protectRtcp(master, plain, srtcpIndex);
		return {
			id: `${id}-${suite.name}`,
			kind: 'rtcp',
			...masterFields(master),
			srtcpIndex,
			plain: hex(plain),
			protected: hex(wire),
		};
	};
	return [
		rtpCase('rtp-first', 0, 0, 0),
		rtpCase('rtp-late-mki', 3, 0xff_ff, 0xff_ff_ff_fe),
		rtcpCase('rtcp-first', 0, 1),
		rtcpCase('rtcp-seventh-mki', 128, 7),
		rtcpCase('rtcp-far', 1, 2 ** 30),
	];
}

function trace(suite: Suite): object {
	const master = masterOf(suite, `trace ${suite.name}`, 2);
	const ssrc = 0x0a_0b_0c_0d;
	const packet = (index: number) => {
		const plain = rtp(index % 0x1_00_00, ssrc, octets(`trace ${index}`, 20));
		return {plain, wire: protectRtp(master, plain, Math.floor(index / 0x1_00_00))};
	};
	const accept = (index: number) => {
		const {plain, wire} = packet(index);
		return {op: 'srtp', packet: hex(wire), expect: 'accept', plain: hex(plain)};
	};
	const reject = (wire: Uint8Array, reason: string, why: string) => ({
		op: 'srtp',
		packet: hex(wire),
		expect: 'reject',
		libsrtp: reason,
		why,
	});
	const report = rtcp(ssrc, `trace ${suite.name}`);
	const flipped = Uint8Array.from(packet(65_600).wire);
	flipped[15] = (flipped[15] ?? 0) ^ 1;
	return {
		id: `trace-${suite.name}`,
		...masterFields(master),
		replayWindow: 64,
		steps: [
			accept(65_534),
			accept(65_536),
			accept(65_535),
			reject(packet(65_535).wire, 'reject-replay', 'replay across the wrap'),
			reject(flipped, 'reject-auth', 'a bit of the payload turned'),
			accept(65_600),
			reject(packet(65_536).wire, 'reject-old', '64 behind the newest'),
			accept(65_537),
			{op: 'srtcp', packet: hex(protectRtcp(master, report, 5)), expect: 'accept', plain: hex(report)},
			{op: 'srtcp', packet: hex(protectRtcp(master, report, 5)), expect: 'reject', libsrtp: 'reject-replay'},
			{op: 'set-roc', ssrc: hex(Buffer.from([0x0a, 0x0b, 0x0c, 0x0d])), roc: 9},
			accept(9 * 0x1_00_00 + 100),
		],
	};
}

function inline(label: string, length: number): string {
	return `inline:${Buffer.from(octets(label, length)).toString('base64')}`;
}

function lines(): readonly object[] {
	const line = (rest: string, expect: string, parsed?: object) => ({
		line: `a=crypto:${rest}`,
		expect,
		...(parsed && {parsed}),
	});
	const name = 'AES_CM_128_HMAC_SHA1_80';
	return [
		...suites.map(({name: suite, keyOctets, saltOctets}, index) =>
			line(`${index + 1} ${suite} ${inline(suite, keyOctets + saltOctets)}`, 'accept', {tag: index + 1, suite}),
		),
		line(`1 ${name} ${inline('mki', 30)}|2^20|258:2`, 'accept', {lifetime: 2 ** 20, mki: 258, mkiLength: 2}),
		line(`1 ${name} ${inline('kdr', 30)} KDR=24 WSH=128`, 'accept-syntax', {kdr: 24, wsh: 128}),
		line(`1 F8_128_HMAC_SHA1_80 ${inline('f8', 30)}`, 'accept-syntax-unsupported-suite'),
		line(`1 ${name} ${inline('short', 29)}`, 'reject-attribute'),
		line(`1 ${name} ${inline('open', 30)} UNENCRYPTED_SRTCP`, 'policy-refuse', {unencryptedSrtcp: true}),
		line(`1 ${name} inline:${'A'.repeat(40)}`, 'reject-policy'),
		line(`1 ${name} ${inline('twice', 30)} WSH=64 WSH=64`, 'reject-or-lenient'),
	].map((vector, index) => ({id: `line-${index}`, ...vector}));
}

function answers(): readonly object[] {
	const media = (protocol: string, ...cryptos: readonly string[]) => [
		`m=audio 4000 ${protocol} 0`,
		...cryptos.map((crypto) => `a=crypto:${crypto}`),
	];
	const line = (tag: number, label: string) => `${tag} AES_CM_128_HMAC_SHA1_80 ${inline(label, 30)}`;
	const other = (tag: number, label: string) => `${tag} AES_CM_128_HMAC_SHA1_32 ${inline(label, 30)}`;
	const offer = media('RTP/SAVP', line(1, 'offer'), other(2, 'offer 2'));
	return [
		{offer, answer: media('RTP/SAVP', other(2, 'answer')), expect: 'valid'},
		{offer, answer: media('RTP/SAVP', line(3, 'answer')), expect: 'invalid'},
		{offer, answer: media('RTP/SAVP', line(1, 'offer')), expect: 'reject-policy'},
		{
			offer: media('RTP/SAVP', line(1, 'same'), other(2, 'same')),
			answer: media('RTP/SAVP', line(1, 'answer')),
			expect: 'valid-flag',
		},
		{offer: media('RTP/AVP', line(1, 'offer')), answer: media('RTP/AVP'), expect: 'osrtp-downgrade'},
		{
			offer: [...media('RTP/SAVP', line(1, 'both')), ...media('RTP/SAVP', line(1, 'both'))],
			answer: [...media('RTP/SAVP', line(1, 'answer')), ...media('RTP/SAVP', line(1, 'answer 2'))],
			expect: 'reject-policy',
		},
		{offer: [...offer, 'a=fingerprint:sha-256 AB:CD'], answer: null, expect: 'prefer-dtls'},
		{offer: ['a=fingerprint:sha-256 AB:CD', ...offer], answer: null, expect: 'prefer-dtls'},
	].map((vector, index) => ({id: `answer-${index}`, ...vector}));
}

const deviceIndex = {
	file: 'sdp/two-streams.sdp',
	cryptoCount: 3,
	keys: [
		{tag: '7', suite: 'AEAD_AES_128_GCM', keyBytes: 28},
		{tag: 'x', suite: 'AES_CM_128_HMAC_SHA1_80', keyBytes: 30},
	],
};

function deviceSdp(): string {
	return [
		'v=0',
		'o=- 1 1 IN IP4 192.0.2.1',
		's=-',
		'c=IN IP4 192.0.2.1',
		't=0 0',
		'm=audio 4000 RTP/SAVP 0',
		`a=crypto:7 AEAD_AES_128_GCM ${inline('device', 28)}`,
		'm=video 4002 RTP/SAVP 31',
		`a=crypto:x AES_CM_128_HMAC_SHA1_80 ${inline('device x', 30)}`,
		'a=crypto:1 AES_CM_128_HMAC_SHA1_80',
		'',
	].join('\r\n');
}

/** Twenty packets on an Ethernet, one of them overtaken, over the wrap of the sequence number. */
function captureVectors(): {readonly expected: object; readonly file: Uint8Array} {
	const suite = suites[0] as Suite;
	const master = masterOf(suite, 'capture');
	const ssrc = 0x11_22_33_44;
	const indexes = Array.from({length: 20}, (_, at) => 65_530 + at);
	indexes.splice(5, 2, 65_536, 65_535);
	const payloads = indexes.map((index) => octets(`capture ${index}`, 160));
	const frames = indexes.map((index, at) => {
		const plain = rtp(index % 0x1_00_00, ssrc, payloads[at] ?? new Uint8Array());
		return ethernetUdp(protectRtp(master, plain, Math.floor(index / 0x1_00_00)), 4000, 5000);
	});
	const header = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');
	const records = frames.map((frame, at) => {
		const record = Buffer.alloc(16);
		record.writeUInt32LE(1_700_000_000, 0);
		record.writeUInt32LE(20_000 * at, 4);
		record.writeUInt32LE(frame.length, 8);
		record.writeUInt32LE(frame.length, 12);
		return Buffer.concat([record, frame]);
	});
	const stream = {
		ssrc: '11223344',
		suite: suite.name,
		inline: Buffer.concat([master.key, master.salt]).toString('base64'),
		packets: 20,
		authenticated: 20,
		firstSeq: 65_530,
		lastSeq: 13,
		finalRoc: 1,
		udp: '4000->5000',
		firstPayloadHex: hex(payloads[0] ?? new Uint8Array()).slice(0, 32),
		payloadSha256: createHash('sha256').update(Buffer.concat(payloads)).digest('hex'),
	};
	return {
		expected: {schema: 'srtp-pcap/1', captures: [{file: 'wrap.pcap', streams: [stream]}]},
		file: Buffer.concat([header, ...records]),
	};
}

function ethernetUdp(payload: Uint8Array, from: number, to: number): Buffer {
	const head = Buffer.from(
		`020000000002020000000001080045000000000040004011${'0000'}c0000201c0000202${'00'.repeat(8)}`,
		'hex',
	);
	head.writeUInt16BE(28 + payload.length, 16);
	head.writeUInt16BE(from, 34);
	head.writeUInt16BE(to, 36);
	head.writeUInt16BE(8 + payload.length, 38);
	return Buffer.concat([head, payload]);
}

function json(value: object): Uint8Array {
	return Buffer.from(`${JSON.stringify(value, undefined, ' ')}\n`);
}

function hex(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString('hex');
}

if (process.argv[1] === import.meta.filename) {
	for (const [path, content] of ownVectors()) {
		const file = join('test/vectors/conformance', path);
		mkdirSync(dirname(file), {recursive: true});
		writeFileSync(file, content);
	}
}
