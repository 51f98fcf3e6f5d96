import {readFileSync} from 'node:fs';
import test from 'ava';
import {
	cryptoLines,
	type HandleAttribute,
	parseCryptoAttribute,
	parseHandleAttribute,
	redactCrypto,
	writeHandleAttribute,
} from '#dist/wire/sdes/index.js';
import {attributeValues, parseSdp, type SessionDescription, writeSdp} from '#dist/wire/sdp/index.js';
import {readShared, sharedPath, testWithShared} from '../shared-vectors.js';

const key = 'zsQGUE3TzVtcrSxe1cRVzG2g2bqVYBCTRQa0JnDv';
const secret = [
	'v=0',
	'o=- 1 1 IN IP4 192.0.2.1',
	's=-',
	`k=base64:${key}`,
	't=0 0',
	`a=crypto:9 AES_CM_128_HMAC_SHA1_80 inline:${key}`,
	`a=key-mgmt:mikey ${key}`,
	'm=audio 4000 RTP/SAVP 0',
	'c=IN IP4 192.0.2.1',
	`k=clear:${key}`,
	`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}|2^20|1:4 WSH=128 -vendor=${key}`,
	`a=crypto:2 NONSENSE inline:${key}`,
	`a=CRYPTO:3 AES_CM_128_HMAC_SHA1_80 inline:${key}`,
	`a=acap:1 crypto:1 AES_CM_128_HMAC_SHA1_80 INLINE:${key}`,
	'a=sendrecv',
	'm=video 4002 RTP/SAVP 96',
	`a=crypto:1 AES_CM_256_HMAC_SHA1_80 inline:AAAA${key}`,
	'',
].join('\r\n');

function parse(text: string): SessionDescription {
	const parsed = parseSdp(text);
	if (!parsed.ok) {
		throw new Error(parsed.failure.message);
	}

	return parsed.value;
}

/** What the toolbox does: a handle for each line that can be used. */
function handleFor(value: string): HandleAttribute | undefined {
	const attribute = parseCryptoAttribute(value);
	if (!attribute.ok) {
		return undefined;
	}

	const {keys: _, ...rest} = attribute.value;
	return {...rest, handle: `h${rest.tag}`};
}

test('Redacted SDP has a handle for each usable line and no key anywhere', (t) => {
	const seen: string[] = [];
	const redacted = redactCrypto(parse(secret), ({mediaIndex, value}) => {
		seen.push(`${mediaIndex}/${value.split(' ', 1)[0]}`);
		return handleFor(value);
	});
	const text = writeSdp(redacted);
	t.deepEqual(seen, ['0/1', '0/2', '1/1']);
	t.false(text.includes(key.slice(0, 8)));
	t.deepEqual(
		redacted.media.map((section) => attributeValues(section, 'crypto')),
		[['1 AES_CM_128_HMAC_SHA1_80 handle:h1 WSH=128'], []],
	);
	t.true(text.includes('a=sendrecv\r\n') && text.includes('c=IN IP4 192.0.2.1\r\n'));
	t.false(/k=|key-mgmt|acap/i.test(text));
});

test('A handle line is read back as it was written', (t) => {
	const attribute: HandleAttribute = {
		tag: 7,
		suite: 'AES_256_CM_HMAC_SHA1_80',
		suiteSpelling: 'AES_CM_256_HMAC_SHA1_80',
		handle: 'own-key_1',
		sessionParameters: {windowSizeHint: 64},
	};
	const text = writeHandleAttribute(attribute);
	t.is(text, '7 AES_CM_256_HMAC_SHA1_80 handle:own-key_1 WSH=64');
	t.deepEqual(parseHandleAttribute(text), {ok: true, value: attribute});
	t.throws(() => writeHandleAttribute({...attribute, handle: 'a b'}), {instanceOf: RangeError});
	t.throws(() => writeHandleAttribute({...attribute, handle: ''}), {instanceOf: RangeError});
});

for (const [value, code] of [
	[`1 AES_CM_128_HMAC_SHA1_80 inline:${key}`, 'BAD_HANDLE'],
	['1 AES_CM_128_HMAC_SHA1_80 handle:', 'BAD_HANDLE'],
	['1 AES_CM_128_HMAC_SHA1_80 handle:a;handle:b', 'BAD_HANDLE'],
	[`1 AES_CM_128_HMAC_SHA1_80 handle:${'a'.repeat(129)}`, 'BAD_HANDLE'],
	['1 AES_CM_128_HMAC_SHA1_80', 'BAD_HANDLE'],
	['1 F8_128_HMAC_SHA1_80 handle:a', 'UNSUPPORTED_SUITE'],
	['x AES_CM_128_HMAC_SHA1_80 handle:a', 'BAD_TAG'],
	['1 AES_CM_128_HMAC_SHA1_80 handle:a vendor=1', 'UNKNOWN_SESSION_PARAMETER'],
	[`1 AES_CM_128_HMAC_SHA1_80 handle:a FEC_KEY=inline:${key}`, 'BAD_SESSION_PARAMETER'],
] as const) {
	test(`"${value.slice(0, 60)}" is refused as a handle line: ${code}`, (t) => {
		const parsed = parseHandleAttribute(value);
		t.is(parsed.ok ? 'ok' : parsed.failure.code, code);
	});
}

type Device = {
	readonly file: string;
	readonly cryptoCount: number;
	readonly keys: readonly {readonly tag: string; readonly suite: string; readonly keyBytes: number}[];
};

const devices = readShared<{readonly cases: readonly Device[]}>('sdes', 'sdp-index.json')?.cases ?? [];
const withDevices = testWithShared(['sdes', 'sdp-index.json']);

withDevices('Every SDP of other projects and devices is read, written back, and redacted', (t) => {
	for (const {file, cryptoCount, keys} of devices) {
		const text = readFileSync(sharedPath('sdes', file), 'utf8');
		const description = parse(text);
		t.is(writeSdp(description), text, file);
		const lines = cryptoLines(description);
		t.is(lines.length, cryptoCount, file);
		const usable = lines.map(({value}) => parseCryptoAttribute(value)).filter((attribute) => attribute.ok);
		for (const {value} of usable) {
			const known = keys.find(
				({tag, suite}) =>
					tag === String(value.tag) && suite.toUpperCase() === (value.suiteSpelling ?? value.suite).toUpperCase(),
			);
			t.is(known?.keyBytes, value.keys[0].keyAndSalt.length, file);
		}

		const isOurs = ({tag, suite, keyBytes}: Device['keys'][number]) =>
			/^\d+$/.test(tag) && !/^F8|CRYPTO_X/.test(suite) && keyBytes < 60;
		t.is(usable.length, keys.filter(isOurs).length, file);
		t.false(/inline:/i.test(writeSdp(redactCrypto(description, ({value}) => handleFor(value)))), file);
	}

	t.pass();
});
