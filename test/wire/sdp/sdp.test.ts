import {fc, testProp} from '@fast-check/ava';
import test from 'ava';
import {
	attributeValues,
	connectionOf,
	directionOf,
	formatParameters,
	hasAttribute,
	type MediaSection,
	parseConnection,
	parseMediaLines,
	parseSdp,
	rtcpPortOf,
	rtpMaps,
	type SessionDescription,
	withAttributes,
	withConnection,
	withDirection,
	withoutAttribute,
	writeConnection,
	writeSdp,
} from '#dist/wire/sdp/index.js';
import {runs} from '../../profile.js';
import {fastestMs} from '../fastest-ms.js';

const text = [
	'v=0',
	'o=- 17 1 IN IP4 192.0.2.1',
	's= ',
	'c=IN IP4 192.0.2.1',
	't=0 0',
	'a=sendonly',
	'm=audio 4000/2 RTP/SAVP 0 96 101',
	'i=voice',
	'b=AS:64',
	'a=rtpmap:0 PCMU/8000',
	'a=rtpmap:96 opus/48000/2',
	'a=rtpmap:broken',
	'a=fmtp:101 0-15',
	'a=rtcp:4005 IN IP4 192.0.2.1',
	'a=rtcp-fb:* nack',
	'm=video 0 RTP/AVP 31',
	'c=IN IP6 2001:db8::1',
	'a=inactive',
	'a=x-unknown:  kept as it is ',
	'z=whatever',
	'',
].join('\r\n');

function parse(source: string): SessionDescription {
	const parsed = parseSdp(source);
	if (!parsed.ok) {
		throw new Error(parsed.failure.message);
	}

	return parsed.value;
}

function section(description: SessionDescription, index: number): MediaSection {
	const found = description.media[index];
	if (!found) {
		throw new Error(`Expected a media section ${index}.`);
	}

	return found;
}

test('A description is taken apart and written back as it was', (t) => {
	const description = parse(text);
	t.is(writeSdp(description), text);
	t.is(writeSdp(parse(text.replaceAll('\r\n', '\n').slice(0, -1))), text);
	const {media, port, portCount, protocol, formats} = section(description, 0);
	t.deepEqual([media, port, portCount, protocol, formats], ['audio', 4000, 2, 'RTP/SAVP', ['0', '96', '101']]);
	const parsed = parseSdp(Buffer.from(text));
	t.deepEqual(parsed, {ok: true, value: description});
});

test('Attributes are read by their whole name', (t) => {
	const audio = section(parse(text), 0);
	t.deepEqual(attributeValues(audio, 'rtcp'), ['4005 IN IP4 192.0.2.1']);
	t.deepEqual(attributeValues(section(parse(text), 1), 'inactive'), ['']);
	t.true(hasAttribute(audio, 'rtcp-fb'));
	t.false(hasAttribute(audio, 'rt'));
	t.deepEqual(rtpMaps(audio), [
		{payloadType: 0, encoding: 'PCMU', clockRate: 8000, channels: 1},
		{payloadType: 96, encoding: 'opus', clockRate: 48_000, channels: 2},
	]);
	t.is(formatParameters(audio, '101'), '0-15');
	t.is(formatParameters(audio, '10'), undefined);
});

test('Attributes are replaced in their place', (t) => {
	const audio = section(parse(text), 0);
	const changed = withAttributes(audio, 'rtpmap', ['8 PCMA/8000', '']);
	t.deepEqual(
		changed.lines.slice(2, 5).map(({value}) => value),
		['rtpmap:8 PCMA/8000', 'rtpmap', 'fmtp:101 0-15'],
	);
	t.is(withAttributes(audio, 'ptime', ['20']).lines.at(-1)?.value, 'ptime:20');
	t.false(hasAttribute(withoutAttribute(audio, 'rtpmap'), 'rtpmap'));
	t.is(audio.lines.length, 8);
});

test('Direction comes from the section, then from the session, then from the RFC', (t) => {
	const description = parse(text);
	t.is(directionOf(description, section(description, 0)), 'sendonly');
	t.is(directionOf(description, section(description, 1)), 'inactive');
	t.is(directionOf({lines: [], media: []}, section(description, 0)), 'sendrecv');
	const changed = withDirection(section(description, 1), 'recvonly');
	t.is(directionOf(description, changed), 'recvonly');
	t.false(hasAttribute(changed, 'inactive'));
});

test('Connection comes from the section, then from the session', (t) => {
	const description = parse(text);
	t.is(connectionOf(description, section(description, 0))?.address, '192.0.2.1');
	t.is(connectionOf(description, section(description, 1))?.address, '2001:db8::1');
	const moved = withConnection(section(description, 0), '2001:db8::2');
	t.deepEqual(moved.lines[1], {type: 'c', value: 'IN IP6 2001:db8::2'});
	t.deepEqual(withConnection(description, '192.0.2.9').lines[3], {type: 'c', value: 'IN IP4 192.0.2.9'});
	t.throws(() => withConnection(description, 'host.example.com'), {instanceOf: RangeError});
});

test('RTCP goes to the port that the attributes say', (t) => {
	const audio = section(parse(text), 0);
	t.is(rtcpPortOf(audio), 4005);
	t.is(rtcpPortOf(withoutAttribute(audio, 'rtcp')), 4001);
	t.is(rtcpPortOf(withAttributes(audio, 'rtcp-mux', [''])), 4000);
});

for (const value of [
	'IN IP4 0.0.0.0',
	'IN IP4 224.2.1.1/127/3',
	'IN IP6 ff15::101/3',
	'IN IP4 host.example.com',
	'in ip6 ::1',
]) {
	test(`"c=${value}" is a connection`, (t) => {
		const parsed = parseConnection(value);
		t.true(parsed.ok);
		t.is(parsed.ok ? writeConnection(parsed.value).toLowerCase() : '', value.toLowerCase());
	});
}

for (const value of [
	'',
	'IN IP4',
	'IN IP4 1.2.3',
	'IN IP4 1.2.3.256',
	'IN IP4 ::1',
	'IN IP6 1.2.3.4',
	'IN IP6 ::g',
	'IN IP5 1.2.3.4',
	'ATM NSAP x',
	'IN IP4 1.2.3.4 x',
	'IN IP4 -x',
]) {
	test(`"c=${value}" is no connection`, (t) => {
		t.false(parseConnection(value).ok);
	});
}

const lead = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n';
for (const [title, source, code] of [
	['nothing', '', 'BAD_VERSION'],
	['another version', text.replace('v=0', 'v=1'), 'BAD_VERSION'],
	['no version first', text.slice(5), 'BAD_VERSION'],
	['no origin', 'v=0\r\ns=-\r\n', 'BAD_ORIGIN'],
	['an origin of letters', text.replace('17 1', 'a b'), 'BAD_ORIGIN'],
	['two origins', `${lead}o=- 1 1 IN IP4 192.0.2.1\r\n`, 'BAD_ORIGIN'],
	['a line without equals sign', `${lead}hello\r\n`, 'BAD_SDP_LINE'],
	['an empty line', `${lead}\r\n`, 'BAD_SDP_LINE'],
	['a lone CR', `${lead}a=x\ry\r\n`, 'CONTROL_CHARACTER'],
	['NUL', `${lead}a=x\0y\r\n`, 'CONTROL_CHARACTER'],
	['an IPv4 address of IPv6 type', `${lead}c=IN IP6 192.0.2.1\r\n`, 'BAD_CONNECTION'],
	['a port above 65535', `${lead}m=audio 65536 RTP/AVP 0\r\n`, 'BAD_MEDIA'],
	['a port of letters', `${lead}m=audio x RTP/AVP 0\r\n`, 'BAD_MEDIA'],
	['no protocol', `${lead}m=audio 4000\r\n`, 'BAD_MEDIA'],
	['no ports', `${lead}m=audio 4000/0 RTP/AVP 0\r\n`, 'BAD_MEDIA'],
	['513 formats', `${lead}m=audio 4000 RTP/AVP${' 0'.repeat(513)}\r\n`, 'BAD_MEDIA'],
	['65 sections', `${lead}${'m=audio 4000 RTP/AVP 0\r\n'.repeat(65)}`, 'SDP_TOO_LARGE'],
	['2049 lines', `${lead}${'a=\r\n'.repeat(2047)}`, 'SDP_TOO_LARGE'],
	['64 KiB and one', `${lead}${'a=x\r\n'.repeat(13_200)}`, 'SDP_TOO_LARGE'],
	['a line of 8 KiB and more', `${lead}a=${'x'.repeat(8192)}\r\n`, 'SDP_TOO_LARGE'],
] as const) {
	test(`SDP with ${title} is refused as ${code}`, (t) => {
		const parsed = parseSdp(source);
		t.is(parsed.ok ? 'ok' : parsed.failure.code, code);
	});
}

test('SDP in other octets than UTF-8 is refused', (t) => {
	const parsed = parseSdp(Buffer.from(text.replace('voice', '\xe4'), 'latin1'));
	t.is(parsed.ok ? 'ok' : parsed.failure.code, 'BAD_UTF8');
});

test('Media sections can be read alone', (t) => {
	const parsed = parseMediaLines(['m=audio 4000 RTP/AVP 0', 'a=ptime:20', 'm=video 0 RTP/AVP 31']);
	t.is(parsed.ok ? parsed.value.length : 0, 2);
	const early = parseMediaLines(['a=ptime:20', 'm=audio 4000 RTP/AVP 0']);
	t.is(early.ok ? 'ok' : early.failure.code, 'BAD_MEDIA');
});

test('A line end in a value is a caller’s mistake', (t) => {
	const description = parse(text);
	t.throws(() => writeSdp({...description, lines: [{type: 's', value: 'a\r\na=b'}]}), {instanceOf: TypeError});
	t.throws(() => writeSdp({...description, lines: [{type: 'ss', value: 'a'}]}), {instanceOf: TypeError});
	t.throws(() => writeSdp({...description, media: [{...section(description, 0), formats: ['0\n']}]}), {
		instanceOf: TypeError,
	});
});

testProp(
	'Mutated SDP never throws, and what is read is written the same again',
	[fc.nat(), fc.nat(255), fc.nat(40)],
	(t, place, code, length) => {
		const at = place % text.length;
		const changed = text.slice(0, at) + String.fromCharCode(code).repeat(length % 3) + text.slice(at + length);
		const parsed = parseSdp(Buffer.from(changed, 'latin1'));
		if (parsed.ok) {
			const once = writeSdp(parsed.value);
			t.is(writeSdp(parse(once)), once);
			for (const media of parsed.value.media) {
				rtpMaps(media);
				rtcpPortOf(media);
				directionOf(parsed.value, media);
				connectionOf(parsed.value, media);
			}
		}

		t.pass();
	},
	runs(2000),
);

testProp('Random text never throws', [fc.string({unit: 'binary', maxLength: 300})], (t, random) => {
	parseSdp(random);
	parseSdp(lead + random);
	parseSdp(Buffer.from(random, 'latin1'));
	t.pass();
});

for (const [title, source] of [
	['line ends', '\n'.repeat(65_000)],
	['carriage returns', lead + '\r'.repeat(60_000)],
	['short lines', lead + 'a=\n'.repeat(20_000)],
	['blanks in an origin', `v=0\r\no=${'- '.repeat(4000)}`],
	['formats', lead + `m=audio 4000 RTP/AVP${' \t0'.repeat(2700)}\r\n`.repeat(7)],
	['labels of a host', lead + `c=IN IP4 ${'a-'.repeat(4000)}!\r\n`.repeat(7)],
] as const) {
	test(`64 KiB of ${title} are done with in bounded time`, (t) => {
		t.true(fastestMs(() => parseSdp(source)) < 100);
	});
}
