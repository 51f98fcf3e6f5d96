import test from 'ava';
import fc from 'fast-check';
import {
	answerDirection,
	buildAnswer,
	checkAnswer,
	chooseCrypto,
	isSameStream,
	type LocalMedia,
	LocalSession,
	readSession,
	relayAnswer,
	relayOffer,
	reofferMedia,
	type SessionView,
} from '#dist/core/offer-answer/index.js';
import type {HandleAttribute} from '#dist/wire/sdes/handle-attribute.js';

const bobsOffer = [
	'v=0',
	'o=bob 12345678901234567890 7 IN IP4 192.0.2.1',
	's=call',
	'c=IN IP4 192.0.2.1',
	't=0 0',
	'm=audio 40000 RTP/SAVP 0 8 96 101',
	'a=rtpmap:96 opus/48000/2',
	'a=fmtp:96 useinbandfec=1',
	'a=rtpmap:101 telephone-event/8000',
	'a=fmtp:101 0-16',
	'a=ptime:20',
	'a=rtcp:40077',
	'a=ssrc:1 cname:bob@laptop',
	'a=crypto:1 AEAD_AES_256_GCM handle:b-1',
	'a=crypto:2 AES_CM_128_HMAC_SHA1_80 handle:b-2 UNENCRYPTED_SRTP',
	'a=crypto:3 AES_CM_128_HMAC_SHA1_80 handle:b-3 WSH=128',
	'a=crypto:4 F8_128_HMAC_SHA1_80 handle:b-4',
	'm=video 50000 RTP/SAVP 97',
	'c=IN IP4 192.0.2.9',
	'a=rtpmap:97 VP8/90000',
	'a=crypto:1 AES_CM_128_HMAC_SHA1_80 handle:b-5',
	'',
].join('\r\n');

function read(sdp: string): SessionView {
	const session = readSession(sdp);
	if (!session.ok) {
		throw new Error(session.failure.code);
	}

	return session.value;
}

function handle(
	tag: number,
	name: string,
	suite: HandleAttribute['suite'] = 'AES_CM_128_HMAC_SHA1_80',
): HandleAttribute {
	return {tag, suite, handle: name, sessionParameters: {}};
}

function audio(changes: Partial<LocalMedia> = {}): LocalMedia {
	return {
		media: 'audio',
		protocol: 'RTP/SAVP',
		port: 30_000,
		formats: [{format: '0'}],
		crypto: [handle(1, 'own')],
		...changes,
	};
}

function local(address = '198.51.100.1'): LocalSession {
	return new LocalSession({sessionId: 42n, address});
}

test('an offer is read with addresses, formats, direction and crypto in order', (t) => {
	const {origin, media} = read(bobsOffer);
	t.deepEqual(origin, {username: 'bob', sessionId: 12_345_678_901_234_567_890n, version: 7n});
	const [first, second] = media;
	t.deepEqual(first?.remote, {rtp: {address: '192.0.2.1', port: 40_000}, rtcp: {address: '192.0.2.1', port: 40_077}});
	t.deepEqual(second?.remote, {rtp: {address: '192.0.2.9', port: 50_000}, rtcp: {address: '192.0.2.9', port: 50_001}});
	t.deepEqual(first?.formats, [
		{format: '0'},
		{format: '8'},
		{format: '96', rtpMap: 'opus/48000/2', parameters: 'useinbandfec=1'},
		{format: '101', rtpMap: 'telephone-event/8000', parameters: '0-16'},
	]);
	t.is(first?.direction, 'sendrecv');
	t.is(first?.packetTimeMs, 20);
	t.deepEqual(
		first?.crypto.map(({tag}) => tag),
		[1, 2, 3],
	);
	t.is(first?.unusableCrypto, 1);
});

test('RTCP is never sent to an address that is not the one of RTP', (t) => {
	const {media} = read(bobsOffer.replace('a=rtcp:40077', 'a=rtcp:40077 IN IP4 203.0.113.66'));
	t.deepEqual(media[0]?.remote?.rtcp, {address: '192.0.2.1', port: 40_001});
	const muxed = read(bobsOffer.replace('a=rtcp:40077', 'a=rtcp-mux'));
	t.deepEqual(muxed.media[0]?.remote?.rtcp, {address: '192.0.2.1', port: 40_000});
});

for (const [line, code] of [
	['c=IN IP4 224.2.1.1/127', 'BAD_MEDIA_ADDRESS'],
	['c=IN IP4 255.255.255.255', 'BAD_MEDIA_ADDRESS'],
	['c=IN IP6 ff02::1', 'BAD_MEDIA_ADDRESS'],
	['c=IN IP4 media.example.com', 'BAD_MEDIA_ADDRESS'],
	['b=AS:64', 'BAD_MEDIA_ADDRESS'],
	['c=IN IP4 1.2.3', 'BAD_SDP'],
] as const) {
	test(`an offer whose address is "${line}" is refused as ${code}`, (t) => {
		const session = readSession(bobsOffer.replace('c=IN IP4 192.0.2.1\r\n', `${line}\r\n`));
		t.is(session.ok ? 'ok' : session.failure.code, code);
	});
}

test('an offer without media, or with one tag twice, is refused', (t) => {
	const none = readSession('v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n');
	t.is(none.ok ? 'ok' : none.failure.code, 'NO_MEDIA');
	const twice = readSession(bobsOffer.replace('a=crypto:3', 'a=crypto:1'));
	t.is(twice.ok ? 'ok' : twice.failure.code, 'DUPLICATE_CRYPTO_TAG');
});

test("the crypto line is the offerer's first that we accept, never one that switches protection off", (t) => {
	const [first] = read(bobsOffer).media;
	if (!first) {
		t.fail();
		return;
	}

	t.is(chooseCrypto(first, ['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_256_GCM'])?.tag, 1);
	t.is(chooseCrypto(first, ['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_256_GCM'], 'ours')?.tag, 3);
	t.is(chooseCrypto(first, ['AES_CM_128_HMAC_SHA1_80'])?.tag, 3);
	t.is(chooseCrypto(first, ['AES_CM_128_HMAC_SHA1_32']), undefined);
});

test('an answer mirrors the sections, refuses by port 0, and repeats tag and suite with our own handle', (t) => {
	const offer = read(bobsOffer);
	const chosen = offer.media[0]?.crypto[2];
	if (!chosen) {
		t.fail();
		return;
	}

	const answer = buildAnswer(offer, [
		{port: 30_000, formats: ['8', '101'], crypto: {chosen, handle: 'a-1'}},
		undefined,
	]);
	t.is(
		local().write(answer),
		[
			'v=0',
			'o=- 42 1 IN IP4 198.51.100.1',
			's=-',
			'c=IN IP4 198.51.100.1',
			't=0 0',
			'm=audio 30000 RTP/SAVP 8 101',
			'a=rtpmap:101 telephone-event/8000',
			'a=fmtp:101 0-16',
			'a=crypto:3 AES_CM_128_HMAC_SHA1_80 handle:a-1',
			'a=sendrecv',
			'm=video 0 RTP/SAVP 97',
			'',
		].join('\r\n'),
	);
	t.throws(() => buildAnswer(offer, [undefined]), {instanceOf: RangeError});
	t.throws(() => buildAnswer(offer, [{port: 30_000, formats: ['8']}, undefined]), {instanceOf: RangeError});
	t.throws(() => buildAnswer(offer, [{port: 30_000, formats: ['9'], crypto: {chosen, handle: 'a'}}, undefined]), {
		instanceOf: RangeError,
	});
	t.throws(
		() => buildAnswer(offer, [{port: 3000, formats: ['8'], crypto: {chosen: handle(9, 'x'), handle: 'a'}}, undefined]),
		{instanceOf: RangeError},
	);
});

test('every form of hold reads as one and is answered as RFC 3264 §8.4 and §6.1 say', (t) => {
	const forms = [
		['a=sendonly', 'sendonly', true],
		['a=inactive', 'inactive', true],
		['a=recvonly', 'recvonly', true],
	] as const;
	for (const [line, direction, hasAddress] of forms) {
		const [first] = read(bobsOffer.replace('a=ptime:20', line)).media;
		t.is(first?.direction, direction);
		t.is(first?.remote !== undefined, hasAddress);
	}

	const [old] = read(bobsOffer.replace('c=IN IP4 192.0.2.1\r\n', 'c=IN IP4 0.0.0.0\r\n')).media;
	t.is(old?.direction, 'sendonly');
	t.is(old?.remote, undefined);
	t.false(old?.isRefused);
	t.is(answerDirection('sendonly', 'sendrecv'), 'recvonly');
	t.is(answerDirection('inactive', 'sendrecv'), 'inactive');
	t.is(answerDirection('recvonly', 'sendrecv'), 'sendonly');
	t.is(answerDirection('sendrecv', 'recvonly'), 'recvonly');
	t.is(answerDirection('sendonly', 'sendonly'), 'inactive');
});

test('the version goes up with a change and only then', (t) => {
	const session = local();
	const version = (sdp: string): bigint => read(sdp).origin.version;
	t.is(version(session.write([audio()])), 1n);
	t.is(version(session.write([audio()])), 1n);
	t.is(version(session.write([audio({direction: 'sendonly'})])), 2n);
	t.is(version(session.write([audio({direction: 'sendonly'})])), 2n);
	t.is(version(session.write([audio()])), 3n);
});

test('a session that was kept as data writes on where it stopped', (t) => {
	const session = local();
	const last = session.write([audio({direction: 'sendonly'})]);
	const restored = LocalSession.restore(structuredClone(session.toState()));
	t.is(restored.write([audio({direction: 'sendonly'})]), last);
	t.is(read(restored.write([audio()])).origin.version, 2n);
});

test('what a side says of a stream concerns the other side only where it asks something of it', (t) => {
	const [first] = read(bobsOffer).media;
	const isSame = (from: string, to: string) => {
		const [again] = read(bobsOffer.replaceAll(from, to)).media;
		return first !== undefined && again !== undefined && isSameStream(first, again);
	};

	t.true(isSame('handle:b-1', 'handle:b-9'), 'keys');
	t.true(isSame('192.0.2.1', '192.0.2.99'), 'address');
	t.true(isSame('audio 40000', 'audio 40008'), 'port');
	t.false(isSame('a=ptime:20', 'a=ptime:40'));
	t.false(isSame('a=ptime:20', 'a=sendonly'));
	t.false(isSame('SAVP 0 8', 'SAVP 8 0'), 'preference');
	t.false(isSame('useinbandfec=1', 'useinbandfec=0'));
	t.is(read(bobsOffer.replace('SAVP 0 8 96', 'SAVP 0 8 0 96 8')).media[0]?.formats.length, 4, 'each format once');
});

test('an offer inside a session keeps our port and protocol, and takes over what the other side says', (t) => {
	const before = audio({packetTimeMs: 30, isRtcpMultiplexed: true, formats: [{format: '8'}]});
	t.deepEqual(
		reofferMedia(before, {formats: [{format: '0'}], direction: 'inactive', packetTimeMs: undefined}, handle(3, 'next')),
		{
			media: 'audio',
			protocol: 'RTP/SAVP',
			port: 30_000,
			isRtcpMultiplexed: true,
			formats: [{format: '0'}],
			direction: 'inactive',
			crypto: [handle(3, 'next')],
		},
	);
});

test('answers to our offers are checked section by section', (t) => {
	const offer = [
		audio({crypto: [handle(1, 'one', 'AEAD_AES_128_GCM'), handle(2, 'two')], formats: [{format: '0'}, {format: '8'}]}),
	];
	const check = (answer: readonly LocalMedia[]): string => {
		const result = checkAnswer(offer, read(local('192.0.2.7').write(answer)));
		return result.ok ? 'ok' : result.failure.code;
	};

	t.is(check([audio({crypto: [handle(2, 'theirs')]})]), 'ok');
	t.is(check([audio({crypto: [handle(1, 'theirs')]})]), 'CRYPTO_MISMATCH', 'the suite is that of tag 2');
	t.is(check([audio({crypto: [handle(3, 'theirs')]})]), 'CRYPTO_MISMATCH');
	t.is(check([audio({crypto: [handle(1, 'x', 'AEAD_AES_128_GCM'), handle(2, 'y')]})]), 'CRYPTO_MISMATCH');
	t.is(
		check([audio({crypto: [{...handle(2, 'x'), sessionParameters: {isSrtpUnencrypted: true}}]})]),
		'CRYPTO_MISMATCH',
	);
	t.is(check([audio({crypto: []})]), 'CRYPTO_MISSING');
	t.is(check([audio({crypto: [handle(2, 'x')], formats: [{format: '18'}]})]), 'NO_COMMON_FORMAT');
	t.is(check([audio({crypto: [handle(2, 'x')], protocol: 'RTP/AVP'})]), 'MEDIA_MISMATCH');
	t.is(check([audio({crypto: [handle(2, 'x')], media: 'video'})]), 'MEDIA_MISMATCH');
	t.is(check([audio({crypto: [handle(2, 'x')]}), audio()]), 'MEDIA_COUNT');
	t.is(check([audio({port: 0})]), 'NO_MEDIA');

	const held = checkAnswer([audio({direction: 'sendonly'})], read(local('192.0.2.7').write([audio()])));
	t.is(held.ok ? 'ok' : held.failure.code, 'BAD_DIRECTION');
	const plain = checkAnswer(
		[audio({protocol: 'RTP/AVP', crypto: []})],
		read(local('192.0.2.7').write([audio({protocol: 'RTP/AVP'})])),
	);
	t.is(plain.ok ? 'ok' : plain.failure.code, 'CRYPTO_UNEXPECTED');
});

test('a relayed call shows each leg only our addresses and handles, and keeps payload types', (t) => {
	const offerOfA = read(bobsOffer);
	const towardsB = relayOffer(offerOfA, [{port: 31_000, rtcpPort: 31_001, crypto: []}, undefined]);
	const sdpToB = local('198.51.100.2').write(towardsB);
	t.notRegex(sdpToB, /192\.0\.2|handle:b|ssrc|laptop|crypto/);
	t.regex(sdpToB, /m=audio 31000 RTP\/AVP 0 8 96 101\r\n/);
	t.regex(sdpToB, /m=video 0 /);

	const answerOfB = read(
		local('203.0.113.5').write([
			{
				media: 'audio',
				protocol: 'RTP/AVP',
				port: 6000,
				formats: [{format: '8'}, {format: '13'}],
				direction: 'sendonly',
			},
			{media: 'video', protocol: 'RTP/SAVP', port: 0, formats: [{format: '97'}]},
		]),
	);
	t.true(checkAnswer(towardsB, answerOfB).ok);
	const chosen = chooseCrypto(offerOfA.media[0] ?? {crypto: []}, ['AEAD_AES_256_GCM']);
	if (!chosen) {
		t.fail();
		return;
	}

	const towardsA = relayAnswer(offerOfA, answerOfB, [{port: 32_000, crypto: {chosen, handle: 'g-9'}}, undefined]);
	const sdpToA = local('198.51.100.1').write(towardsA);
	t.regex(sdpToA, /m=audio 32000 RTP\/SAVP 8\r\na=crypto:1 AEAD_AES_256_GCM handle:g-9\r\na=sendonly\r\nm=video 0 /);
	t.notRegex(sdpToA, /203\.0\.113|6000/);
});

test('whatever arrives as SDP is read or refused, never thrown at', (t) => {
	const lines = bobsOffer.split('\r\n');
	fc.assert(
		fc.property(
			fc.array(
				fc.oneof(
					fc.constantFrom(...lines),
					fc.string(),
					fc.tuple(fc.constantFrom(...lines), fc.string()).map(([a, b]) => a + b),
				),
				{maxLength: 40},
			),
			fc.boolean(),
			(some, isPrefixed) => {
				const text = [...(isPrefixed ? lines.slice(0, 5) : []), ...some].join('\r\n');
				const session = readSession(text);
				t.is(typeof session.ok, 'boolean');
				if (session.ok) {
					local().write(
						relayOffer(
							session.value,
							session.value.media.map(() => ({port: 1000, crypto: []})),
						),
					);
				}
			},
		),
		{seed: 2, numRuns: 2000},
	);
});
